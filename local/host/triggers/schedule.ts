import { CronExpressionParser } from 'cron-parser';
import { HostError, messageOf } from '../host-error.ts';
import { timeSpanMilliseconds } from './time-span.ts';

/** When a timer fires. */
export interface Schedule {
  /** The first moment after `date`. */
  next(date: Date): Date;
}

// The parser knows more than NCRONTAB does; what Azure would refuse at start is refused here.
const FIELD = /^[0-9A-Za-z*,/-]+$/;
const FOREIGN = /^(\d*[LWH]|\d+L)$|[#?]/i;
/** The rarest day that exists, 29 February on a given weekday, comes within 28 years. */
const LONGEST_SEARCH_DAYS = 28 * 366;

/** Reads NCRONTAB of six fields (or five, without seconds), or a time span such as `00:05:00`. */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  const interval = timeSpanMilliseconds(text);
  if (interval !== undefined && interval > 0) return { next: (date) => new Date(date.getTime() + interval) };
  const fields = text.trim().split(/\s+/);
  const six = fields.length === 5 ? ['0', ...fields] : fields;
  if (six.length !== 6 || !six.every((field) => FIELD.test(field) && !FOREIGN.test(field))) {
    throw new HostError(`"${text}" is no schedule: NCRONTAB has 5 or 6 fields of numbers, names, "*", ",", "-", "/".`);
  }
  return ncrontab({ fields: six, text, timeZone });
}

interface Ncrontab {
  readonly fields: readonly string[];
  readonly text: string;
  readonly timeZone: string;
}

/**
 * Where both the day of the month and the weekday are restricted, NCRONTAB wants both, but the parser (as cron does)
 * either. So the weekday is left out of its expression and looked at here, day by day.
 */
function ncrontab({ fields, text, timeZone }: Ncrontab): Schedule {
  const expression = [...fields.slice(0, 5), '*'].join(' ');
  const weekdays = allowedWeekdays({ fields, text, timeZone });
  parsed({ expression, text, timeZone });
  return {
    next: (date) => {
      let from = date;
      for (let day = 0; day < LONGEST_SEARCH_DAYS; day += 1) {
        const found = parsed({ expression, text, timeZone, from }).next();
        if (weekdays.has(found.getDay())) return found.toDate();
        from = endOfDay(found.toDate(), timeZone);
      }
      throw new HostError(`The schedule "${text}" never comes.`);
    },
  };
}

function allowedWeekdays({ fields, text, timeZone }: Ncrontab): Set<number> {
  const weekday = fields[5] ?? '*';
  const { dayOfWeek } = parsed({ expression: `0 0 0 * * ${weekday}`, text, timeZone }).fields;
  return new Set(dayOfWeek.values.map((value) => Number(value) % 7));
}

interface Expression {
  readonly expression: string;
  /** As the app wrote it, for the error. */
  readonly text: string;
  readonly timeZone: string;
  readonly from?: Date;
}

function parsed({ expression, text, timeZone, from }: Expression) {
  try {
    return CronExpressionParser.parse(expression, {
      tz: timeZone,
      ...(from === undefined ? {} : { currentDate: from }),
    });
  } catch (error) {
    throw new HostError(`"${text}" is no schedule: ${messageOf(error)}`, { cause: error });
  }
}

function endOfDay(date: Date, timeZone: string): Date {
  const midnight = CronExpressionParser.parse('0 0 0 * * *', { tz: timeZone, currentDate: date }).next().toDate();
  return new Date(midnight.getTime() - 1);
}
