import { createContext, useContext } from "react";
import type { ViewerTarget } from "../lib/target";

export type LeftView = "files" | "search" | "index";
export type Pane = "left" | "view" | "ask";

/** What the parts of the workspace page may ask of it. */
export interface WorkspaceActions {
  id: string;
  /** The open file, or "". */
  file: string;
  /** Opens a file, at a place in it when given. A preview tab gives way to the next file opened so. */
  open: (path: string, target?: ViewerTarget, options?: { preview?: boolean }) => void;
  /** Tells that a path is another now, or gone (to undefined), so that tabs follow. */
  moved: (from: string, to: string | undefined) => void;
  /** The open conversation; "" is a new one. */
  conversation: string;
  openConversation: (id: string, citation?: string) => void;
  showLeft: (view: LeftView) => void;
  showAsk: () => void;
}

export const WorkspaceContext = createContext<WorkspaceActions | undefined>(undefined);

export function useWorkspace(): WorkspaceActions {
  const actions = useContext(WorkspaceContext);
  if (!actions) throw new Error("useWorkspace outside of a workspace page");
  return actions;
}
