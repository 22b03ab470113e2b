import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/client";
import { authState, queryClient } from "../api/queries";
import { t } from "../i18n";
import { Outside } from "../shell/Outside";
import { Button } from "../ui/Button";
import { ErrorState } from "../ui/Feedback";
import { TextField } from "../ui/Field";

export default function Register() {
  const navigate = useNavigate();
  const state = useQuery(authState);
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const register = useMutation({
    mutationFn: () => api.post("/api/auth/register", { body: { name, email, password } }),
    onSuccess: async () => {
      queryClient.clear();
      await navigate({ to: "/", replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    register.mutate();
  };
  if (state.data && !state.data.registrationOpen) {
    return (
      <Outside title={t("register.title")} lead={t("signIn.closed")}>
        <p>
          <Link to="/login">{t("signIn.title")}</Link>
        </p>
      </Outside>
    );
  }
  return (
    <Outside title={t("register.title")}>
      <form onSubmit={submit}>
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
        {register.isError ? <ErrorState error={register.error} compact /> : null}
        <Button type="submit" variant="primary" busy={register.isPending}>
          {t("register.submit")}
        </Button>
      </form>
      <p className="quiet">
        <Link to="/login">{t("register.back")}</Link>
      </p>
    </Outside>
  );
}
