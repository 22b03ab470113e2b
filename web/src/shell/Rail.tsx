import { useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { House, Languages, LogOut, type LucideIcon, Moon, Settings, Sun, User } from "lucide-react";
import { api } from "../api/client";
import { me, queryClient } from "../api/queries";
import { t } from "../i18n";
import { IconButton } from "../ui/Button";
import { Mark } from "../ui/Mark";
import { Menu } from "../ui/Menu";
import { Tip } from "../ui/Tip";
import { notifyError } from "../ui/Toasts";
import { usePreferences } from "./Preferences";
import "./shell.css";

export interface RailItem {
  icon: LucideIcon;
  label: string;
  shortcut?: string;
  pressed?: boolean;
  onClick: () => void;
}

const none: readonly RailItem[] = [];

/** The narrow bar of places at the left edge; `items` are the ones of the current page. */
export function Rail({ items = none }: { items?: readonly RailItem[] }) {
  return (
    <nav className="rail" aria-label={t("rail.name")}>
      <Tip text={t("rail.home")} side="right">
        <Link to="/" className="rail-mark" aria-label={t("rail.home")}>
          {items.length > 0 ? <House size={16} aria-hidden /> : <Mark />}
        </Link>
      </Tip>
      {items.map((item) => (
        <IconButton key={item.label} side="right" {...item} />
      ))}
      <span className="grow" />
      <Tip text={t("rail.settings")} side="right">
        <Link to="/settings/{-$section}" params={{ section: undefined }} className="icon-button" aria-label={t("rail.settings")}>
          <Settings size={16} aria-hidden />
        </Link>
      </Tip>
      <AccountMenu />
    </nav>
  );
}

export async function signOut(): Promise<void> {
  await api.post("/api/auth/logout");
  queryClient.clear();
  location.assign("/login");
}

export function AccountMenu() {
  const router = useRouter();
  const { data } = useQuery(me);
  const preferences = usePreferences();
  const dark = preferences.theme === "dark" || (preferences.theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  return (
    <Menu
      align="start"
      trigger={<IconButton icon={User} label={t("rail.account")} side="right" />}
      heading={data ? `${data.user.name} · ${data.user.email}` : undefined}
      groups={[
        [
          {
            label: t("settings.account"),
            icon: User,
            onSelect: () => void router.navigate({ to: "/settings/{-$section}", params: { section: "account" } }),
          },
          {
            label: dark ? t("preference.toLight") : t("preference.toDark"),
            icon: dark ? Sun : Moon,
            onSelect: () => preferences.setTheme(dark ? "light" : "dark"),
          },
          {
            label: preferences.language === "zh" ? "English" : "中文",
            icon: Languages,
            onSelect: () => preferences.setLanguage(preferences.language === "zh" ? "en" : "zh"),
          },
        ],
        data?.isAuthDisabled ? [] : [{ label: t("action.signOut"), icon: LogOut, onSelect: () => void signOut().catch(notifyError) }],
      ]}
    />
  );
}
