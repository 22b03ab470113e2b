import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";
import { me, queryClient } from "../api/queries";
import { currentLanguage, type Language, setLanguage, t } from "../i18n";
import { applyTheme, asTheme, type Theme } from "../lib/theme";
import { Segments } from "../ui/Field";
import { notifyError } from "../ui/Toasts";

/** Sets language or theme here at once and, when somebody is signed in, in the account. */
export function usePreferences() {
  const user = queryClient.getQueryData(me.queryKey)?.user;
  const [theme, setThemeState] = useState<Theme>(() => asTheme(user?.theme ?? document.documentElement.dataset["theme"] ?? ""));
  const save = useMutation({
    mutationFn: (body: { language?: Language; theme?: "" | "light" | "dark" }) => api.patch("/api/auth/me", { body }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: me.queryKey }),
    onError: notifyError,
  });
  return {
    theme,
    setTheme: (next: Theme) => {
      setThemeState(next);
      applyTheme(next);
      if (user) save.mutate({ theme: next === "system" ? "" : next });
    },
    language: currentLanguage(),
    setLanguage: (next: Language) => {
      if (user) save.mutate({ language: next });
      setLanguage(next, true).catch(notifyError);
    },
  };
}

export function LanguageChoice() {
  const { language, setLanguage } = usePreferences();
  const options = [
    { value: "en" as const, label: "English" },
    { value: "zh" as const, label: "中文" },
  ];
  return <Segments label={t("preference.language")} value={language} options={options} onChange={setLanguage} />;
}

export function ThemeChoice() {
  const { theme, setTheme } = usePreferences();
  const options = [
    { value: "light" as const, label: t("theme.light") },
    { value: "dark" as const, label: t("theme.dark") },
    { value: "system" as const, label: t("theme.system") },
  ];
  return <Segments label={t("preference.theme")} value={theme} options={options} onChange={setTheme} />;
}
