// Optional: every page works without it. It tells the style sheet that scripts run, then starts GOV.UK Frontend's components.
import { initAll } from "./govuk/govuk-frontend.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();
