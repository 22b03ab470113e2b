export type * from "./ast";
export { parse } from "./block";
export { plainText } from "./inline";
export { Markdown, Marked, type MarkdownOptions, slug, StreamedMarkdown } from "./Markdown";
