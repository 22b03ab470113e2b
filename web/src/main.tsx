import "./trusted";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { chooseLanguage, setLanguage } from "./i18n";
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./styles/tokens.css";
import "./styles/base.css";

const root = document.getElementById("root");
if (root) {
  await setLanguage(chooseLanguage(undefined));
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
