import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChartNoAxesColumn, File, Files, House, Languages, type LucideIcon, MessageSquareText, Moon, RefreshCw, Search, Settings, SquarePen } from "lucide-react";
import { api } from "../api/client";
import { conversations } from "../api/queries";
import { useFilesNamed } from "../files/FilterList";
import { nameOf, parentOf } from "../files/paths";
import { t } from "../i18n";
import { usePreferences } from "../shell/Preferences";
import { notify, notifyError } from "../ui/Toasts";
import { useWorkspace } from "../workspace/context";
import { match } from "./match";

export interface Item {
  key: string;
  group: string;
  icon: LucideIcon;
  label: string;
  hint?: string;
  run: () => void;
}

/** What the letters find, in the order shown: files, actions, conversations. */
export function useItems(query: string): Item[] {
  const files = useFileItems(query);
  const actions = [...useWorkspaceItems(), ...usePlaceItems(), ...usePreferenceItems()];
  const talks = useConversationItems();
  const limit = query === "" ? 5 : 10;
  return [...files, ...match(actions, query), ...match(talks, query).slice(0, limit)];
}

function useFileItems(query: string): Item[] {
  const { id, open } = useWorkspace();
  const files = useFilesNamed(id, query, 30);
  if (query === "") return [];
  return (files.data?.items ?? []).map((item) => ({
    key: `f${item.path}`,
    group: t("rail.files"),
    icon: File,
    label: nameOf(item.path),
    hint: parentOf(item.path),
    run: () => open(item.path, undefined, { preview: false }),
  }));
}

function useWorkspaceItems(): Item[] {
  const { id, openConversation, showLeft, showAsk } = useWorkspace();
  const group = t("palette.actions");
  const sync = () => void api.post("/api/workspaces/{id}/sync", { path: { id } }).then(() => notify(t("index.started")), notifyError);
  return [
    { key: "new", group, icon: SquarePen, label: t("chat.new"), run: () => (showAsk(), openConversation("")) },
    { key: "files", group, icon: Files, label: t("palette.files"), run: () => showLeft("files") },
    { key: "search", group, icon: Search, label: t("palette.search"), run: () => showLeft("search") },
    { key: "index", group, icon: ChartNoAxesColumn, label: t("palette.index"), run: () => showLeft("index") },
    { key: "sync", group, icon: RefreshCw, label: t("index.sync"), run: sync },
  ];
}

function usePlaceItems(): Item[] {
  const navigate = useNavigate();
  const group = t("palette.actions");
  const settings = () => void navigate({ to: "/settings/{-$section}", params: { section: undefined } });
  return [
    { key: "home", group, icon: House, label: t("rail.home"), run: () => void navigate({ to: "/" }) },
    { key: "settings", group, icon: Settings, label: t("rail.settings"), run: settings },
  ];
}

function usePreferenceItems(): Item[] {
  const { theme, setTheme, language, setLanguage } = usePreferences();
  const group = t("palette.actions");
  return [
    {
      key: "theme",
      group,
      icon: Moon,
      label: theme === "dark" ? t("preference.toLight") : t("preference.toDark"),
      run: () => setTheme(theme === "dark" ? "light" : "dark"),
    },
    {
      key: "language",
      group,
      icon: Languages,
      label: language === "zh" ? "English" : "中文",
      run: () => setLanguage(language === "zh" ? "en" : "zh"),
    },
  ];
}

function useConversationItems(): Item[] {
  const { id, openConversation, showAsk } = useWorkspace();
  const talks = useQuery(conversations(id));
  return (talks.data?.items ?? []).map((item) => ({
    key: `c${item.id}`,
    group: t("chat.conversations"),
    icon: MessageSquareText,
    label: item.title || t("chat.untitled"),
    run: () => (showAsk(), openConversation(item.id)),
  }));
}
