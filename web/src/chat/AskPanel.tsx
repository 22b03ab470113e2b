import { useQuery } from "@tanstack/react-query";
import { ArrowDown, Download, Ellipsis, History, Maximize2, Minimize2, Pencil, SquarePen, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { apiUrl } from "../api/client";
import { indexStatus } from "../api/queries";
import { NameInput } from "../files/TreeRow";
import { t, tn } from "../i18n";
import { Button, IconButton } from "../ui/Button";
import { ErrorState, Loading } from "../ui/Feedback";
import { Menu } from "../ui/Menu";
import { useWorkspace } from "../workspace/context";
import { Composer, type ComposerHandle } from "./Composer";
import type { ActiveCitation } from "./context";
import { ConversationList, DeleteDialog, renameConversation } from "./ConversationList";
import { Messages } from "./Messages";
import { useChat } from "./useChat";
import "./chat.css";

interface AskPanelProps {
  wide: boolean;
  onWide: ((wide: boolean) => void) | undefined;
  citation: ActiveCitation | undefined;
}

export function AskPanel({ wide, onWide, citation }: AskPanelProps) {
  const { id, conversation: open, openConversation } = useWorkspace();
  const chat = useChat();
  const [list, setList] = useState(false);
  const [renaming, setRenaming] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const composer = useRef<ComposerHandle>(null);
  const { ref: log, away, stick, onScroll } = useStick(open);
  const title = open === "" ? t("chat.new") : chat.title || t("chat.untitled");

  const startNew = () => {
    setList(false);
    openConversation("");
    composer.current?.focus();
  };
  const exportTo = (format: string) =>
    location.assign(apiUrl("/api/conversations/{id}/export", { id: open }, { format }));
  const ask = (question: string, paths: readonly string[] = []) => {
    setList(false);
    stick();
    chat.ask(question, paths);
  };
  const empty = open === "" && !chat.live;
  return (
    <>
      <header className="pane-head">
        {renaming ? (
          <NameInput
            initial={chat.title}
            label={t("chat.title")}
            onDone={(next) => {
              setRenaming(false);
              if (next !== undefined) void renameConversation(id, open, next);
            }}
          />
        ) : (
          <h2 className="grow ellipsis" title={title}>
            {list ? t("chat.conversations") : title}
          </h2>
        )}
        <IconButton icon={History} label={t("chat.conversations")} pressed={list} onClick={() => setList(!list)} />
        <IconButton icon={SquarePen} label={t("chat.new")} onClick={startNew} />
        {onWide ? (
          <IconButton icon={wide ? Minimize2 : Maximize2} label={wide ? t("chat.narrow") : t("chat.wide")} onClick={() => onWide(!wide)} />
        ) : null}
        {open === "" ? null : (
          <Menu
            trigger={<IconButton icon={Ellipsis} label={t("chat.more")} />}
            groups={[
              [
                { label: t("action.rename"), icon: Pencil, onSelect: () => setRenaming(true) },
                { label: t("chat.exportMarkdown"), icon: Download, onSelect: () => exportTo("markdown") },
                { label: t("chat.exportJson"), icon: Download, onSelect: () => exportTo("json") },
              ],
              [{ label: t("chat.delete"), icon: Trash2, danger: true, onSelect: () => setDeleting(true) }],
            ]}
          />
        )}
      </header>
      {list ? (
        <ConversationList
          onOpen={(next) => {
            setList(false);
            openConversation(next);
          }}
        />
      ) : (
        <>
          {/* A scrolling area must be reachable by keyboard. */}
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div className="messages" ref={log} onScroll={onScroll} tabIndex={0} role="log" aria-label={title}>
            <div className="messages-inner">
              {empty ? <Examples onAsk={(text) => composer.current?.set(text)} /> : null}
              {open !== "" && chat.stored.isPending && !chat.live ? <Loading /> : null}
              {chat.stored.isError && open !== "" ? (
                <ErrorState error={chat.stored.error} onRetry={() => void chat.stored.refetch()} />
              ) : null}
              <Messages messages={chat.messages} live={chat.live} citation={citation} onAskAgain={(question) => ask(question)} />
            </div>
          </div>
          {away ? (
            <Button className="to-latest" icon={ArrowDown} onClick={stick}>
              {t("chat.latest")}
            </Button>
          ) : null}
          <Composer
            key={open}
            ref={composer}
            draftKey={open === "" ? `new.${id}` : open}
            busy={chat.busy}
            stopping={chat.live?.state === "stopping"}
            onAsk={ask}
            onStop={chat.stop}
          />
        </>
      )}
      {deleting ? <DeleteDialog item={{ id: open, title: chat.title }} onClose={() => setDeleting(false)} /> : null}
    </>
  );
}

/** Keeps the end in view while text grows, unless the reader has scrolled up. */
function useStick(conversation: string) {
  const ref = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);
  const toEnd = () => ref.current?.scrollTo({ top: ref.current.scrollHeight });
  useEffect(() => {
    stuck.current = true;
    const element = ref.current?.firstElementChild;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => stuck.current && toEnd());
    observer.observe(element);
    return () => observer.disconnect();
  }, [conversation]);
  return {
    ref,
    away,
    stick: () => {
      stuck.current = true;
      setAway(false);
      toEnd();
    },
    onScroll: () => {
      const element = ref.current;
      if (!element) return;
      const far = element.scrollHeight - element.scrollTop - element.clientHeight > 80;
      // The end also moves away when text is added below; only scrolling up means that one wants to stay.
      if (!far) stuck.current = true;
      else if (element.scrollTop < lastTop.current) stuck.current = false;
      lastTop.current = element.scrollTop;
      if (away === stuck.current) setAway(!stuck.current);
    },
  };
}

const examples = ["chat.example1", "chat.example2", "chat.example3"] as const;

function Examples({ onAsk }: { onAsk: (question: string) => void }) {
  const { id } = useWorkspace();
  const { data } = useQuery(indexStatus(id));
  if (data?.counts.total === 0) {
    return (
      <div className="examples">
        <h3>{t("chat.emptyTitle")}</h3>
        <p className="quiet">{t("chat.noFiles")}</p>
      </div>
    );
  }
  return (
    <div className="examples">
      <h3>{t("chat.emptyTitle")}</h3>
      <p className="quiet">{data ? tn("chat.emptyLead", data.counts.indexed) : t("state.loading")}</p>
      <ul className="plain">
        {examples.map((key) => (
          <li key={key}>
            <button type="button" onClick={() => onAsk(t(key))}>
              {t(key)}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
