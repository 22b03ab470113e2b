import { createContext } from "react";
import type { Citation } from "./parts";

export interface AnswerContextValue {
  citations: ReadonlyMap<string, Citation>;
  /** The citation the viewer stands at. */
  active: string | undefined;
  onOpen: (citation: Citation) => void;
}

/** What a citation's mark needs to know, so that text around it is not rendered again when a citation changes. */
export const AnswerContext = createContext<AnswerContextValue>({ citations: new Map(), active: undefined, onOpen: () => {} });
