import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/client";
import { authState, queryClient } from "../api/queries";
import { t } from "../i18n";
import { safeNext } from "../lib/next";
import { Outside } from "../shell/Outside";
import { Button } from "../ui/Button";
import { ErrorState } from "../ui/Feedback";
import { TextField } from "../ui/Field";

export default function SignIn() {
  const router = useRouter();
  const { next } = useSearch({ from: "/login" });
  const state = useQuery(authState);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => api.post("/api/auth/login", { body: { email, password } }),
    onSuccess: () => {
      queryClient.clear();
      router.history.replace(safeNext(next));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <Outside title={t("signIn.title")}>
      <form onSubmit={submit}>
        <TextField label={t("account.email")} type="email" value={email} onValue={setEmail} autoComplete="username" required autoFocus />
        <TextField
          label={t("account.password")}
          type="password"
          value={password}
          onValue={setPassword}
          autoComplete="current-password"
          required
        />
        {signIn.isError ? <ErrorState error={signIn.error} compact /> : null}
        <Button type="submit" variant="primary" busy={signIn.isPending}>
          {t("signIn.submit")}
        </Button>
      </form>
      <p className="quiet">
        {state.data?.setupRequired ? (
          <Link to="/setup">{t("setup.title")}</Link>
        ) : state.data?.registrationOpen ? (
          <Link to="/register">{t("register.link")}</Link>
        ) : (
          t("signIn.closed")
        )}
      </p>
    </Outside>
  );
}
