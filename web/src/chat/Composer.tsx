import { ArrowUp, File, Folder, FolderTree, Square } from "lucide-react";
import { type KeyboardEvent, type Ref, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import { nameOf, parentOf } from "../files/paths";
import { t } from "../i18n";
import { readLocal, writeLocal } from "../lib/local";
import { IconButton } from "../ui/Button";
import { Menu } from "../ui/Menu";
import { ModelLine } from "../workspace/StatusBar";
import { useWorkspace } from "../workspace/context";

export interface ComposerHandle {
  focus: () => void;
  set: (text: string) => void;
}

interface ComposerProps {
  /** Drafts are kept apart by this. */
  draftKey: string;
  busy: boolean;
  stopping: boolean;
  onAsk: (text: string, paths: readonly string[]) => void;
  onStop: () => void;
  ref?: Ref<ComposerHandle>;
}

type Scope = "all" | "file" | "folder";

/** Where a question is written. Enter asks, Shift+Enter breaks the line; input methods keep their own Enter. */
export function Composer({ draftKey, busy, stopping, onAsk, onStop, ref }: ComposerProps) {
  const { file } = useWorkspace();
  const [text, setTextState] = useState(() => readLocal(`draft.${draftKey}`, ""));
  const [scope, setScope] = useState<Scope>("all");
  const area = useRef<HTMLTextAreaElement>(null);
  const setText = (next: string) => {
    setTextState(next);
    writeLocal(`draft.${draftKey}`, next);
  };
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, 220)}px`;
  }, [text]);
  useImperativeHandle(ref, () => ({
    focus: () => area.current?.focus(),
    set: (next) => {
      setText(next);
      area.current?.focus();
    },
  }));
  const folder = parentOf(file);
  const effective: Scope = file === "" || (scope === "folder" && folder === "") ? "all" : scope;
  const paths = effective === "file" ? [file] : effective === "folder" ? [folder] : [];
  const ask = () => {
    const question = text.trim();
    if (question === "" || busy) return;
    setText("");
    onAsk(question, paths);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    ask();
  };
  const scopeName = effective === "file" ? nameOf(file) : effective === "folder" ? `${folder}/` : t("scope.all");
  return (
    <div className="composer">
      <div className="composer-box">
        <textarea
          ref={area}
          rows={1}
          value={text}
          aria-label={t("chat.question")}
          placeholder={t("chat.placeholder")}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={key}
        />
        {busy ? (
          <IconButton icon={Square} label={stopping ? t("chat.stopping") : t("chat.stop")} className="ask-button stop" onClick={onStop} disabled={stopping} />
        ) : (
          <IconButton icon={ArrowUp} label={t("chat.ask")} className="ask-button" onClick={ask} disabled={text.trim() === ""} />
        )}
      </div>
      <div className="composer-line">
        <Menu
          align="start"
          trigger={
            <button type="button" className="scope" title={t("scope.name")}>
              {effective === "all" ? <FolderTree size={13} aria-hidden /> : effective === "file" ? <File size={13} aria-hidden /> : <Folder size={13} aria-hidden />}
              <span className="ellipsis">{scopeName}</span>
            </button>
          }
          heading={t("scope.name")}
          groups={[
            [
              { label: t("scope.all"), icon: FolderTree, onSelect: () => setScope("all") },
              ...(folder === "" ? [] : [{ label: t("scope.folder", { folder }), icon: Folder, onSelect: () => setScope("folder") }]),
              ...(file === "" ? [] : [{ label: t("scope.file", { name: nameOf(file) }), icon: File, onSelect: () => setScope("file") }]),
            ],
          ]}
        />
        <span className="grow" />
        <ModelLine brief />
      </div>
    </div>
  );
}
