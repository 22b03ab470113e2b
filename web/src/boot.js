// Runs before the first paint: takes theme and language as remembered on this device, so that nothing flashes.
// The application itself corrects both once it knows the account.
(function () {
  var root = document.documentElement;
  try {
    var theme = localStorage.getItem("innoclaw.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    var language = localStorage.getItem("innoclaw.language") || navigator.language;
    root.lang = language.slice(0, 2) === "zh" ? "zh-CN" : "en";
  } catch {
    // storage may be refused; the defaults stand
  }
})();
