import { HostError, messageOf } from '../host-error.ts';
import { resolveExpressions } from '../settings.ts';
import type { Binding, FunctionInfo } from '../types.ts';

const TRIGGERS = ['http', 'timer', 'eventGrid', 'queue', 'orchestration', 'activity', 'entity'];
const KNOWN_TRIGGERS = new Set(TRIGGERS.map((name) => `${name}trigger`.toLowerCase()));
const KNOWN_BINDINGS = new Set(['durableclient', 'orchestrationclient', 'http']);
/** Never resolved: names, and templates that may hold a percent sign of their own. */
const VERBATIM = new Set(['type', 'direction', 'name', 'route']);

export interface CheckedFunctions {
  readonly functions: readonly FunctionInfo[];
  /** What works differently here than the app may expect. */
  readonly warnings: readonly string[];
}

/** Resolves `%NAME%` in all bindings and refuses bindings that this host cannot feed. Throws one error for all mistakes. */
export function checkFunctions(
  found: readonly FunctionInfo[],
  settings: Readonly<Record<string, string>>,
): CheckedFunctions {
  const mistakes: string[] = [];
  const functions = found.map((info) => {
    mistakes.push(...unsupported(info));
    try {
      return resolved(info, settings);
    } catch (error) {
      mistakes.push(messageOf(error));
      return info;
    }
  });
  if (mistakes.length > 0) throw new HostError(mistakes.join('\n'));
  const silent = functions.filter(({ trigger }) => !KNOWN_TRIGGERS.has(trigger.type.toLowerCase()));
  const warnings = silent.map(
    ({ name, trigger }) => `Function "${name}": this host has no source for ${trigger.type}; it runs by hand only.`,
  );
  return { functions, warnings };
}

function unsupported({ name, bindings, trigger }: FunctionInfo): string[] {
  return bindings
    .filter((binding) => binding.name !== trigger.name && !KNOWN_BINDINGS.has(binding.type.toLowerCase()))
    .map(({ type, direction }) => `Function "${name}": this host has no ${direction} binding "${type}".`);
}

function resolved(info: FunctionInfo, settings: Readonly<Record<string, string>>): FunctionInfo {
  const bindings = info.bindings.map((binding) => resolvedBinding(binding, { info, settings }));
  const trigger = bindings.find((binding) => binding.name === info.trigger.name) ?? info.trigger;
  return { name: info.name, trigger, bindings };
}

interface Scope {
  readonly info: FunctionInfo;
  readonly settings: Readonly<Record<string, string>>;
}

function resolvedBinding(binding: Binding, { info, settings }: Scope): Binding {
  const entries = Object.entries(binding).map(([option, value]) => {
    if (typeof value !== 'string' || VERBATIM.has(option)) return [option, value];
    return [option, resolveExpressions(value, { settings, where: `Function "${info.name}", ${option}` })];
  });
  return { ...binding, ...Object.fromEntries(entries) };
}
