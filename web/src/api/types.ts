/** Names for the shapes the server answers with, taken from the generated description by path. */
import type { Answer } from "./client";

type Item<T> = T extends readonly (infer U)[] ? U : never;

export type AuthState = Answer<"/api/auth/state", "get">;
export type Me = Answer<"/api/auth/me", "get">;
export type User = Me["user"];
export type Capabilities = Answer<"/api/capabilities", "get">;
export type Workspace = Answer<"/api/workspaces/{id}", "get">;
export type Root = Item<NonNullable<Answer<"/api/roots", "get">>>;
export type Folders = Answer<"/api/roots/folders", "get">;
export type Browse = Answer<"/api/files/browse", "get">;
export type Entry = Item<NonNullable<Browse["entries"]>>;
export type TrashItem = Item<NonNullable<Answer<"/api/files/trash", "get">["items"]>>;
export type IndexStatus = Answer<"/api/workspaces/{id}/index", "get">;
export type IndexFiles = Answer<"/api/workspaces/{id}/index/files", "get">;
export type IndexFile = Item<NonNullable<IndexFiles["items"]>>;
export type SearchResult = Answer<"/api/search", "get">;
export type Hit = Item<NonNullable<SearchResult["hits"]>>;
export type ConversationDetail = Answer<"/api/conversations/{id}", "get">;
export type Message = Item<NonNullable<ConversationDetail["messages"]>>;
export type Conversation = Item<NonNullable<Answer<"/api/conversations", "get">["items"]>>;
export type Models = Answer<"/api/models", "get">;
export type Setting = Item<NonNullable<Answer<"/api/settings", "get">["settings"]>>;
export type Session = Item<NonNullable<Answer<"/api/auth/sessions", "get">>>;
export type Token = Item<NonNullable<Answer<"/api/auth/tokens", "get">>>;
export type Run = Answer<"/api/runs/{id}", "get">;
export type FileState = IndexFile["state"];
