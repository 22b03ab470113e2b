package cli

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/app"
	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/doctor"
	"github.com/innoclaw/innoclaw/internal/phrase"
)

const doctorHelp = `Checks settings, folders and their rights, disk, database, address, clock, what the
kernel offers, and whether the configured model server can be reached (no question and
no text is sent). It changes nothing. The exit code is 0 only if InnoClaw can be used.

With --settings it also lists every setting, its value and where that came from; secrets
are not shown.`

func newDoctor(sys session) *cobra.Command {
	var asJSON, values bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: sys.Say("Check this installation and say how to mend what is wrong"),
		Long:  sys.Say(doctorHelp),
		Args:  noArguments(sys),
		RunE: func(cmd *cobra.Command, _ []string) error {
			book := sys.Book
			if asJSON {
				book = phrase.Book{} // programs read English everywhere
			}
			report, err := examine(cmd, sys, book)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(sys.Out, report.findings)
			} else {
				printFindings(sys, report.findings)
				if values && report.effective != nil {
					printValues(sys, report.config, report.effective)
				}
			}
			if err == nil && !doctor.Usable(report.findings) {
				return errSaid
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, sys.Say("print JSON"))
	cmd.Flags().BoolVar(&values, "settings", false, sys.Say("list every setting with its value and where it came from"))
	return cmd
}

// report is what the doctor found. Without valid settings there is nothing but
// findings that say so.
type report struct {
	findings  []doctor.Finding
	config    *config.Config
	effective func(key string) config.Value
}

func examine(cmd *cobra.Command, sys session, book phrase.Book) (report, error) {
	c, warnings, err := loadConfig(cmd, sys, nil)
	if err != nil {
		problems := []string{err.Error()}
		if wrong, ok := errors.AsType[*config.Error](err); ok {
			problems = wrong.Problems
		}
		var r report
		for _, p := range problems {
			r.findings = append(r.findings, doctor.Finding{Name: "settings", Status: doctor.Problem, Detail: p, Fix: book.Say("Correct it where it is set.")})
		}
		return r, nil
	}
	inputs, effective := app.DoctorInputs(cmd.Context(), c, warnings)
	inputs.Book = book
	findings := doctor.Run(cmd.Context(), inputs)
	if err := cmd.Context().Err(); err != nil {
		return report{}, err
	}
	return report{findings: findings, config: c, effective: effective}, nil
}

func printFindings(sys session, findings []doctor.Finding) {
	names, states := make([]string, len(findings)), make([]string, len(findings))
	for i, f := range findings {
		names[i], states[i] = sys.Say(f.Name), statusText(sys, f.Status)
	}
	nameWidth, stateWidth := widest(names), widest(states)
	counts := map[doctor.Status]int{}
	for i, f := range findings {
		counts[f.Status]++
		fmt.Fprintf(sys.Out, "%s  %s  %s\n", pad(states[i], stateWidth), pad(names[i], nameWidth), oneLine(strings.Join(strings.Fields(f.Detail), " ")))
		if f.Fix != "" {
			fmt.Fprintf(sys.Out, "%s  %s→ %s\n", pad("", stateWidth), pad("", nameWidth+2), oneLine(f.Fix))
		}
	}
	fmt.Fprintln(sys.Out)
	switch {
	case counts[doctor.Problem] > 0:
		fmt.Fprintln(sys.Out, sys.Say("InnoClaw cannot be used yet. Problems: %d, warnings: %d.", counts[doctor.Problem], counts[doctor.Warning]))
	case counts[doctor.Warning] > 0:
		fmt.Fprintln(sys.Out, sys.Say("InnoClaw can be used. Warnings: %d.", counts[doctor.Warning]))
	default:
		fmt.Fprintln(sys.Out, sys.Say("All is well."))
	}
}

func statusText(sys session, status doctor.Status) string {
	switch status {
	case doctor.OK:
		return sys.Say("ok")
	case doctor.Warning:
		return sys.Say("WARNING")
	case doctor.Problem:
		return sys.Say("PROBLEM")
	}
	return string(status)
}

// printValues lists the settings in force. What may hold a secret is not shown.
func printValues(sys session, c *config.Config, effective func(key string) config.Value) {
	derived := map[string]string{
		"LISTEN": c.Listen, "DATA_DIR": c.DataDir, "DATABASE_URL": c.DatabaseURL, "WORKSPACE_ROOTS": strings.Join(c.Roots, ","),
	}
	var keys, texts, origins []string
	for _, s := range c.Settings() {
		v := effective(s.Key)
		if text := derived[s.Key]; text != "" {
			v.Value = text
		}
		keys, texts, origins = append(keys, s.Key), append(texts, oneLine(masked(sys, v))), append(origins, originText(sys, v.Origin))
	}
	fmt.Fprintln(sys.Out)
	for i, key := range keys {
		fmt.Fprintf(sys.Out, "%s  %s  %s\n", pad(key, widest(keys)), pad(origins[i], widest(origins)), texts[i])
	}
}

// masked gives a value without the secrets in it.
func masked(sys session, v config.Value) string {
	if v.Value == "" {
		return "-"
	}
	if v.Type == config.Secret {
		return sys.Say("(set, not shown)")
	}
	if !strings.Contains(v.Value, "://") && !strings.Contains(v.Value, "@") {
		return v.Value
	}
	u, err := url.Parse(v.Value)
	if err != nil || u.Host == "" {
		return sys.Say("(set, not shown)")
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func originText(sys session, origin config.Origin) string {
	switch origin {
	case config.FromFlag:
		return sys.Say("flag")
	case config.FromEnvironment:
		return sys.Say("environment")
	case config.FromFile:
		return config.EnvFile
	case config.FromStored:
		return sys.Say("set in the browser")
	case config.FromDefault:
		return sys.Say("default")
	}
	return string(origin)
}

// columns is how wide a text is on a terminal: Chinese characters take two columns.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r >= 0x2e80 {
			n++
		}
	}
	return n
}

func widest(texts []string) int {
	most := 0
	for _, text := range texts {
		most = max(most, columns(text))
	}
	return most
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-columns(text)))
}
