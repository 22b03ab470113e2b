/** Light, dark or as the system says. The account remembers; the device keeps a copy for the first paint. */
export type Theme = "light" | "dark" | "system";

export function asTheme(value: string): Theme {
  return value === "light" || value === "dark" ? value : "system";
}

export function applyTheme(value: string): void {
  const theme = asTheme(value);
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset["theme"];
  else dataset["theme"] = theme;
  try {
    localStorage.setItem("innoclaw.theme", theme);
  } catch {
    // storage may be refused; the account still remembers
  }
}
