import type { ReactNode } from "react";
import { Mark } from "../ui/Mark";
import { LanguageChoice, ThemeChoice } from "./Preferences";
import "./shell.css";

/** The frame of the pages before sign-in. */
export function Outside({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <div className="outside">
      <main>
        <div className="row">
          <Mark size={28} />
          <strong>InnoClaw</strong>
        </div>
        <h1>{title}</h1>
        {lead ? <p className="quiet">{lead}</p> : null}
        {children}
      </main>
      <footer>
        <LanguageChoice />
        <ThemeChoice />
      </footer>
    </div>
  );
}
