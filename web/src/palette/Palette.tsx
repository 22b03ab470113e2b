import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChartNoAxesColumn, File, Files, House, Languages, type LucideIcon, MessageSquareText, Moon, RefreshCw, Search, Settings, SquarePen } from "lucide-react";
import { Fragment, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { api } from "../api/client";
import { conversations } from "../api/queries";
import { useFilesNamed } from "../files/FilterList";
import { nameOf, parentOf } from "../files/paths";
import { t } from "../i18n";
import { usePreferences } from "../shell/Preferences";
import { notify, notifyError } from "../ui/Toasts";
import { useWorkspace } from "../workspace/context";
import { match } from "./match";
import "./palette.css";

interface Item {
  key: string;
  group: string;
  icon: LucideIcon;
  label: string;
  hint?: string;
  run: () => void;
}

/** Files, conversations and actions by a few letters. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const base = useId();
  const items = useItems(query.trim());
  const active = Math.min(at, items.length - 1);
  useEffect(() => {
    const back = document.activeElement;
    ref.current?.showModal();
    return () => {
      if (back instanceof HTMLElement && back.isConnected) back.focus();
    };
  }, []);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active, query]);
  const run = (item: Item | undefined) => {
    if (!item) return;
    onClose();
    item.run();
  };
  const key = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt(Math.abs(step) === 1 ? (active + step + items.length) % Math.max(items.length, 1) : Math.max(0, Math.min(items.length - 1, active + step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(items[active]);
    }
  };
  return (
    // The backdrop is part of the dialog element: a click on it lands here. Escape does the same for the keyboard.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      className="palette"
      aria-label={t("rail.palette")}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      <input
        className="palette-input"
        role="combobox"
        aria-expanded
        aria-controls={`${base}list`}
        aria-activedescendant={items[active] ? `${base}${active}` : undefined}
        aria-label={t("palette.hint")}
        placeholder={t("palette.hint")}
        value={query}
        autoFocus
        spellCheck={false}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={key}
      />
      <div className="palette-list" role="listbox" id={`${base}list`} aria-label={t("palette.results")} ref={list}>
        {items.map((item, index) => {
          const first = items[index - 1]?.group !== item.group;
          return (
            <Fragment key={item.key}>
              {first ? (
                <div className="palette-group" role="presentation">
                  {item.group}
                </div>
              ) : null}
            {/* Chosen by the keys of the field above. */}
            {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus */}
            <div
              id={`${base}${index}`}
              role="option"
              aria-selected={index === active}
              onClick={() => run(item)}
              onMouseMove={() => at !== index && setAt(index)}
            >
              <item.icon size={16} aria-hidden />
              <span className="ellipsis">{item.label}</span>
              {item.hint ? <span className="quiet small ellipsis grow">{item.hint}</span> : null}
            </div>
            </Fragment>
          );
        })}
      </div>
      {items.length === 0 ? <p className="quiet palette-none">{t("palette.none")}</p> : null}
    </dialog>
  );
}

function useItems(query: string): Item[] {
  const { id, open, openConversation, showLeft, showAsk } = useWorkspace();
  const navigate = useNavigate();
  const preferences = usePreferences();
  const files = useFilesNamed(id, query, 30);
  const talks = useQuery(conversations(id));
  const actions = t("palette.actions");
  const all: Item[] = [
    { key: "new", icon: SquarePen, label: t("chat.new"), run: () => (showAsk(), openConversation("")) },
    { key: "files", icon: Files, label: t("palette.files"), run: () => showLeft("files") },
    { key: "search", icon: Search, label: t("palette.search"), run: () => showLeft("search") },
    { key: "index", icon: ChartNoAxesColumn, label: t("palette.index"), run: () => showLeft("index") },
    {
      key: "sync",
      icon: RefreshCw,
      label: t("index.sync"),
      run: () =>
        void api.post("/api/workspaces/{id}/sync", { path: { id } }).then(() => notify(t("index.started")), notifyError),
    },
    { key: "home", icon: House, label: t("rail.home"), run: () => void navigate({ to: "/" }) },
    {
      key: "settings",
      icon: Settings,
      label: t("rail.settings"),
      run: () => void navigate({ to: "/settings/{-$section}", params: { section: undefined } }),
    },
    {
      key: "theme",
      icon: Moon,
      label: preferences.theme === "dark" ? t("preference.toLight") : t("preference.toDark"),
      run: () => preferences.setTheme(preferences.theme === "dark" ? "light" : "dark"),
    },
    {
      key: "language",
      icon: Languages,
      label: preferences.language === "zh" ? "English" : "中文",
      run: () => preferences.setLanguage(preferences.language === "zh" ? "en" : "zh"),
    },
  ].map((item) => ({ ...item, group: actions }));
  const conversationItems = (talks.data?.items ?? []).map((item) => ({
    key: `c${item.id}`,
    group: t("chat.conversations"),
    icon: MessageSquareText,
    label: item.title || t("chat.untitled"),
    run: () => (showAsk(), openConversation(item.id)),
  }));
  const fileItems = (query === "" ? [] : (files.data?.items ?? [])).map((item) => ({
    key: `f${item.path}`,
    group: t("rail.files"),
    icon: File,
    label: nameOf(item.path),
    hint: parentOf(item.path),
    run: () => open(item.path, undefined, { preview: false }),
  }));
  const limit = query === "" ? 5 : 10;
  return [...fileItems, ...match(all, query), ...match(conversationItems, query).slice(0, limit)];
}
