/** The open files of a workspace page, in the order of their tabs. */
import { within } from "../files/paths";

export interface Tab {
  path: string;
  /** Gives way to the next file opened as a preview. */
  preview: boolean;
}

/** The tabs after opening a file. An open one stays where it is and may become lasting. */
export function opened(tabs: readonly Tab[], path: string, preview: boolean): Tab[] {
  if (tabs.some((tab) => tab.path === path)) {
    return tabs.map((tab) => (tab.path === path ? { path, preview: tab.preview && preview } : tab));
  }
  const at = tabs.findIndex((tab) => tab.preview);
  const next = { path, preview };
  return preview && at >= 0 ? tabs.with(at, next) : [...tabs, next];
}

/** The tabs after closing one, and the one to look at when the closed one was active. */
export function closed(tabs: readonly Tab[], path: string, active: string): { tabs: Tab[]; active: string } {
  const at = tabs.findIndex((tab) => tab.path === path);
  const rest = tabs.filter((tab) => tab.path !== path);
  if (path !== active) return { tabs: rest, active };
  return { tabs: rest, active: rest[Math.min(at, rest.length - 1)]?.path ?? "" };
}

/** The path that something has after `from` was moved to `to`; undefined when it is gone. */
export function follow(path: string, from: string, to: string | undefined): string | undefined {
  if (!within(path, from)) return path;
  return to === undefined ? undefined : to + path.slice(from.length);
}
