/** Where in a file something stands: the slot between the workspace page and the file viewers. */
export interface ViewerTarget {
  /** Character offsets in the extracted text. */
  start: number;
  end: number;
  /** 1-based. */
  line?: number;
  page?: number;
  /** The content the offsets belong to; another hash of the file means that they may no longer fit. Empty when unknown. */
  contentHash: string;
  citationId?: string;
}

/** What web/src/viewer/index.tsx exports as FileViewer takes. */
export interface FileViewerProps {
  workspaceId: string;
  /** Workspace-relative, slash-separated. */
  path: string;
  /** A new object each time the person asks to be taken there, even to the same place. */
  target?: ViewerTarget;
  /** Opens another file of the workspace, such as a relative link in a document. */
  onNavigate: (path: string, target?: ViewerTarget) => void;
}
