// The one bundle entry: importing a file registers its triggers.
import './crls.ts';
import './events.ts';
import './health.ts';
import './heartbeat.ts';
import './monitor.ts';
import './orchestrations.ts';
import './orders.ts';
import './relay.ts';
import './renewals.ts';
import './sweep.ts';
import './uses.ts';
import './watchdog.ts';
