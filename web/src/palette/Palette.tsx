import { Fragment, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { t } from "../i18n";
import { type Item, useItems } from "./useItems";
import "./palette.css";

/** Files, conversations and actions by a few letters. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const ref = useModal();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const base = useId();
  const items = useItems(query.trim());
  const active = Math.min(at, items.length - 1);
  const run = (item: Item | undefined) => {
    if (!item) return;
    onClose();
    item.run();
  };
  const key = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const next = moved(event.key, active, items.length);
    if (next === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (next === undefined) run(items[active]);
    else setAt(next);
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
      <Options base={base} items={items} active={active} onRun={run} onActive={setAt} />
      {items.length === 0 ? <p className="quiet palette-none">{t("palette.none")}</p> : null}
    </dialog>
  );
}

/** A dialog in the browser's top layer while it is there; the focus goes back afterwards. */
function useModal() {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const back = document.activeElement;
    ref.current?.showModal();
    return () => {
      if (back instanceof HTMLElement && back.isConnected) back.focus();
    };
  }, []);
  return ref;
}

/** Where a key leads in the list: single steps go around, pages stop at the ends. Undefined for other keys. */
function moved(key: string, active: number, count: number): number | undefined {
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[key];
  if (step === undefined) return undefined;
  if (Math.abs(step) === 1) return (active + step + count) % Math.max(count, 1);
  return Math.max(0, Math.min(count - 1, active + step));
}

interface OptionsProps {
  base: string;
  items: readonly Item[];
  active: number;
  onRun: (item: Item) => void;
  onActive: (index: number) => void;
}

function Options({ base, items, active, onRun, onActive }: OptionsProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active, items]);
  return (
    <div className="palette-list" role="listbox" id={`${base}list`} aria-label={t("palette.results")} ref={list}>
      {items.map((item, index) => (
        <Fragment key={item.key}>
          {items[index - 1]?.group === item.group ? null : (
            <div className="palette-group" role="presentation">
              {item.group}
            </div>
          )}
          {/* Chosen by the keys of the field above. */}
          {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus */}
          <div
            id={`${base}${index}`}
            role="option"
            aria-selected={index === active}
            onClick={() => onRun(item)}
            onMouseMove={() => active !== index && onActive(index)}
          >
            <item.icon size={16} aria-hidden />
            <span className="ellipsis">{item.label}</span>
            {item.hint ? <span className="quiet small ellipsis grow">{item.hint}</span> : null}
          </div>
        </Fragment>
      ))}
    </div>
  );
}
