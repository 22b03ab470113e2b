import { createContext } from "react";
import type { Citation } from "./parts";

/** The citation the viewer stands at. Every answer counts its citations anew, so that the place belongs to it. */
export interface ActiveCitation {
  id: string;
  path: string;
  start: number;
}

export interface AnswerContextValue {
  citations: ReadonlyMap<string, Citation>;
  active: ActiveCitation | undefined;
  onOpen: (citation: Citation) => void;
}

/** What a citation's mark needs to know, so that text around it is not rendered again when a citation changes. */
export const AnswerContext = createContext<AnswerContextValue>({ citations: new Map(), active: undefined, onOpen: () => {} });
