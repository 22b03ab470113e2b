import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { isApiError, onSignedOut } from "./api/client";
import { authState, me, queryClient } from "./api/queries";
import { chooseLanguage, currentLanguage, setLanguage } from "./i18n";
import { applyTheme } from "./lib/theme";
import { NotFound, PageError } from "./pages/Fallbacks";
import { Loading } from "./ui/Feedback";

type Search = Record<string, unknown>;
const text = (search: Search, key: string) => (typeof search[key] === "string" && search[key] !== "" ? search[key] : undefined);
const int = (search: Search, key: string) => {
  const n = Number(search[key]);
  return search[key] !== undefined && Number.isSafeInteger(n) && n >= 0 ? n : undefined;
};

/** The workspace page's address: an open file and place, and an open conversation. */
export interface WorkspaceSearch {
  file?: string | undefined;
  start?: number | undefined;
  end?: number | undefined;
  line?: number | undefined;
  page?: number | undefined;
  hash?: string | undefined;
  /** Conversation. */
  c?: string | undefined;
  /** Citation within it. */
  cite?: string | undefined;
}

const rootRoute = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: PageError });

/** Pages for a person who is signed in; anyone else is sent to set-up or sign-in and comes back afterwards. */
const inside = createRoute({
  getParentRoute: () => rootRoute,
  id: "inside",
  beforeLoad: async ({ location }) => {
    try {
      const { user } = await queryClient.ensureQueryData(me);
      applyTheme(user.theme);
      const language = chooseLanguage(user.language);
      if (language !== currentLanguage()) await setLanguage(language, true);
    } catch (error) {
      if (!isApiError(error) || error.status !== 401) throw error;
      const state = await queryClient.fetchQuery(authState);
      if (state.setupRequired) throw redirect({ to: "/setup", replace: true });
      throw redirect({ to: "/login", search: location.href === "/" ? {} : { next: location.href }, replace: true });
    }
  },
  component: Outlet,
});

const setup = createRoute({
  getParentRoute: () => rootRoute,
  path: "/setup",
  component: lazyRouteComponent(() => import("./pages/Setup")),
});
const login = createRoute({
  getParentRoute: () => rootRoute,
  path: "/login",
  validateSearch: (search: Search): { next?: string | undefined } => ({ next: text(search, "next") }),
  component: lazyRouteComponent(() => import("./pages/SignIn")),
});
const register = createRoute({
  getParentRoute: () => rootRoute,
  path: "/register",
  component: lazyRouteComponent(() => import("./pages/Register")),
});
const home = createRoute({
  getParentRoute: () => inside,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/Home")),
});
const workspace = createRoute({
  getParentRoute: () => inside,
  path: "/w/$workspaceId",
  validateSearch: (search: Search): WorkspaceSearch => ({
    file: text(search, "file"),
    start: int(search, "start"),
    end: int(search, "end"),
    line: int(search, "line"),
    page: int(search, "page"),
    hash: text(search, "hash"),
    c: text(search, "c"),
    cite: text(search, "cite"),
  }),
  component: lazyRouteComponent(() => import("./pages/Workspace")),
});
export const settingsSections = ["account", "appearance", "model", "users", "system"] as const;
export type SettingsSection = (typeof settingsSections)[number];
const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings/{-$section}",
  component: lazyRouteComponent(() => import("./pages/Settings")),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([setup, login, register, inside.addChildren([home, workspace, settings])]),
  defaultPreload: "intent",
  defaultPendingComponent: Loading,
  defaultErrorComponent: PageError,
  scrollRestoration: false,
});

// A session that ended while a page was open: ask again who is there, which leads to sign-in and back.
onSignedOut(() => {
  if (queryClient.getQueryData(me.queryKey) === undefined) return;
  queryClient.clear();
  void router.invalidate();
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
