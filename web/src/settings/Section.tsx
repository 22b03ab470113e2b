import type { ReactNode } from "react";

/** A titled part of a settings page. */
export function Section({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <section className="settings-section">
      <h2>{title}</h2>
      {lead ? <p className="quiet">{lead}</p> : null}
      {children}
    </section>
  );
}
