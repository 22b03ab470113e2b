import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { api } from "../api/client";
import { queryClient, workspaces } from "../api/queries";
import { t } from "../i18n";
import { Outside } from "../shell/Outside";
import { Button } from "../ui/Button";
import { ErrorState } from "../ui/Feedback";
import { TextField } from "../ui/Field";

/** The token stands behind #, so that it never reaches a server's or proxy's log. */
function tokenFromAddress(): string {
  return new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
}

export default function Setup() {
  const navigate = useNavigate();
  const [token, setToken] = useState(tokenFromAddress);
  const [fromLink] = useState(token !== "");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  useEffect(() => {
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname);
  }, []);
  const create = useMutation({
    mutationFn: () => api.post("/api/auth/setup", { body: { token: token.trim(), name, email, password } }),
    onSuccess: async () => {
      queryClient.clear();
      const all = await queryClient.fetchQuery(workspaces).catch(() => []);
      const first = all?.[0];
      if (first) await navigate({ to: "/w/$workspaceId", params: { workspaceId: first.id }, replace: true });
      else await navigate({ to: "/", replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Outside title={t("setup.title")} lead={t("setup.lead")}>
      <form onSubmit={submit}>
        {fromLink ? null : (
          <TextField
            label={t("setup.token")}
            help={t("setup.tokenHelp")}
            value={token}
            onValue={setToken}
            autoComplete="off"
            spellCheck={false}
            required
          />
        )}
        <TextField label={t("account.name")} value={name} onValue={setName} autoComplete="name" required autoFocus />
        <TextField label={t("account.email")} type="email" value={email} onValue={setEmail} autoComplete="username" required />
        <TextField
          label={t("account.password")}
          help={t("account.passwordHelp")}
          type="password"
          value={password}
          onValue={setPassword}
          autoComplete="new-password"
          required
        />
        {create.isError ? <ErrorState error={create.error} compact /> : null}
        <Button type="submit" variant="primary" busy={create.isPending}>
          {t("setup.submit")}
        </Button>
      </form>
    </Outside>
  );
}
