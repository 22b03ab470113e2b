import { useMutation, useQuery } from "@tanstack/react-query";
import { api } from "../api/client";
import { capabilities, models, queryClient, settings } from "../api/queries";
import type { Setting } from "../api/types";
import { t, tMaybe } from "../i18n";
import { notify } from "../ui/Toasts";

/** The server's settings by key, and a way to change several at once. Null takes a stored value back. */
export function useSettings(enabled: boolean) {
  const query = useQuery({ ...settings, enabled });
  const save = useMutation({
    mutationFn: (values: Record<string, string | null>) => api.patch("/api/settings", { body: { values } }),
    onSuccess: async (answer) => {
      queryClient.setQueryData(settings.queryKey, answer);
      await Promise.all(
        [capabilities.queryKey, models.queryKey, ["auth", "state"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
      );
      notify(t("settings.saved"));
    },
  });
  const list = query.data?.settings ?? [];
  const byKey = new Map<string, Setting>(list.map((setting) => [setting.key, setting]));
  return { query, save, list, get: (key: string) => byKey.get(key) };
}

/** A setting's name and help in the language in use; the server's own words where we have none. */
export function settingLabel(key: string): string {
  return tMaybe(`setting.${key}`) ?? key;
}
export function settingHelp(setting: Setting): string {
  return tMaybe(`settingHelp.${setting.key}`) ?? setting.help;
}
/** Where a value comes from, when that is somewhere it can not be changed from here. */
export function originText(setting: Setting): string {
  return t(`origin.${setting.origin}`);
}
