import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../api/client";
import { me as meQuery, queryClient } from "../api/queries";
import type { Me } from "../api/types";
import { t } from "../i18n";
import { signOut } from "../shell/Rail";
import { Button } from "../ui/Button";
import { Badge, ErrorState, Loading, Time } from "../ui/Feedback";
import { TextField } from "../ui/Field";
import { notify, notifyError } from "../ui/Toasts";
import { Section } from "./Section";
import { Tokens } from "./Tokens";

export function Account({ me }: { me: Me }) {
  return (
    <>
      <Profile me={me} />
      {me.isAuthDisabled ? (
        <Section title={t("account.disabledTitle")} lead={t("account.disabledLead")}>
          {null}
        </Section>
      ) : (
        <>
          <Password />
          <Sessions />
          <Tokens admin={me.user.role === "admin"} />
        </>
      )}
    </>
  );
}

function Profile({ me }: { me: Me }) {
  const [name, setName] = useState(me.user.name);
  const save = useMutation({
    mutationFn: () => api.patch("/api/auth/me", { body: { name: name.trim() } }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: meQuery.queryKey });
      notify(t("settings.saved"));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Section title={t("settings.account")} lead={`${me.user.email} · ${t(`role.${me.user.role}`)}`}>
      <form className="inline-form" onSubmit={submit}>
        <TextField label={t("account.name")} value={name} onValue={setName} autoComplete="name" required />
        <Button type="submit" busy={save.isPending} disabled={name.trim() === "" || name.trim() === me.user.name}>
          {t("action.save")}
        </Button>
      </form>
      {save.isError ? <ErrorState error={save.error} compact /> : null}
      {me.isAuthDisabled ? null : (
        <div>
          <Button onClick={() => void signOut().catch(notifyError)}>{t("action.signOut")}</Button>
        </div>
      )}
    </Section>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = useMutation({
    mutationFn: () => api.post("/api/auth/password", { body: { currentPassword: current, newPassword: next } }),
    onSuccess: async () => {
      setCurrent("");
      setNext("");
      await queryClient.invalidateQueries({ queryKey: ["auth", "sessions"] });
      notify(t("account.passwordChanged"));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Section title={t("account.password")} lead={t("account.passwordLead")}>
      <form className="stack narrow" onSubmit={submit}>
        <TextField
          label={t("account.currentPassword")}
          type="password"
          value={current}
          onValue={setCurrent}
          autoComplete="current-password"
          required
        />
        <TextField
          label={t("account.newPassword")}
          help={t("account.passwordHelp")}
          type="password"
          value={next}
          onValue={setNext}
          autoComplete="new-password"
          required
        />
        {change.isError ? <ErrorState error={change.error} compact /> : null}
        <div>
          <Button type="submit" busy={change.isPending}>
            {t("account.changePassword")}
          </Button>
        </div>
      </form>
    </Section>
  );
}

/** "Firefox on Linux" from a user agent; the whole of it on hover. */
export function browserName(agent: string): string {
  const browser = /Edg\//.test(agent) ? "Edge" : (/(Firefox|OPR|Chrome|Safari)\//.exec(agent)?.[1]?.replace("OPR", "Opera") ?? agent.split(" ")[0]);
  const system = /(Windows|Android|iPhone|iPad|Mac OS|Linux)/.exec(agent)?.[1];
  return [browser || t("account.unknownBrowser"), system].filter(Boolean).join(" · ");
}

function Sessions() {
  const list = useQuery({ queryKey: ["auth", "sessions"], queryFn: ({ signal }) => api.get("/api/auth/sessions", { signal }) });
  const end = useMutation({
    mutationFn: (id: string) => api.delete("/api/auth/sessions/{id}", { path: { id } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["auth", "sessions"] }),
    onError: notifyError,
  });
  return (
    <Section title={t("account.sessions")} lead={t("account.sessionsLead")}>
      {list.isPending ? <Loading /> : null}
      {list.isError ? <ErrorState error={list.error} compact onRetry={() => void list.refetch()} /> : null}
      <ul className="plain lines">
        {(list.data ?? []).map((session) => (
          <li key={session.id} className="row">
            <div className="grow">
              <p title={session.userAgent}>
                {browserName(session.userAgent)} {session.current ? <Badge tone="green">{t("account.thisBrowser")}</Badge> : null}
              </p>
              <p className="quiet small">
                {session.remoteAddr} · {t("account.lastSeen")} <Time iso={session.lastSeenAt} />
              </p>
            </div>
            {session.current ? null : <Button onClick={() => end.mutate(session.id)}>{t("account.endSession")}</Button>}
          </li>
        ))}
      </ul>
    </Section>
  );
}
