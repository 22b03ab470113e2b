/** Numbers, sizes and times as the language in use writes them. */
import { locale, t } from "./index";

export function number(n: number): string {
  return n.toLocaleString(locale());
}

/** Bytes in KB, MB or GB of 1000, with one decimal where it says something. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  for (const [unit, size] of [["KB", 1e3], ["MB", 1e6], ["GB", 1e9], ["TB", 1e12]] as const) {
    const value = n / size;
    if (value < 999.5 || unit === "TB") {
      return `${value.toLocaleString(locale(), { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
    }
  }
  return `${n} B`;
}

export function exactTime(iso: string): string {
  return new Date(iso).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short" });
}

const steps: readonly (readonly [limit: number, unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  [3600, "minute", 60],
  [86_400, "hour", 3600],
  [7 * 86_400, "day", 86_400],
  [31 * 86_400, "week", 7 * 86_400],
];

/** "3 hours ago"; a date once it is more than a month away. */
export function relativeTime(iso: string, now = Date.now()): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return "";
  if (Math.abs(seconds) < 45) return t("time.now");
  for (const [limit, unit, size] of steps) {
    if (Math.abs(seconds) < limit) {
      return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.round(seconds / size), unit);
    }
  }
  return new Date(iso).toLocaleDateString(locale(), { dateStyle: "medium" });
}

/** Milliseconds as "0.8 s" or "2 min 5 s". */
export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toLocaleString(locale(), { maximumFractionDigits: ms < 10_000 ? 1 : 0 })} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
