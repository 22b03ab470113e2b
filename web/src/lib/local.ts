/** Small memories of this device: pane widths, open tabs. Never anything secret. */
import { useCallback, useState } from "react";

export function readLocal<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`innoclaw.${key}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function writeLocal(key: string, value: unknown): void {
  try {
    localStorage.setItem(`innoclaw.${key}`, JSON.stringify(value));
  } catch {
    // storage may be refused or full; the value lives until the page closes
  }
}

/** State that is still there after a reload on the same device. */
export function useLocal<T>(key: string, fallback: T): [T, (value: T) => void] {
  const [value, setValue] = useState(() => readLocal(key, fallback));
  const set = useCallback(
    (next: T) => {
      setValue(next);
      writeLocal(key, next);
    },
    [key],
  );
  return [value, set];
}
