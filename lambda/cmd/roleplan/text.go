package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/plan"
)

// printer writes plans for people.
type printer struct {
	out io.Writer
	// colour has lines coloured by what they say.
	colour bool
}

// isTerminal reports whether colours are wanted: on a terminal, unless NO_COLOR is set. See https://no-color.org/
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Colours of terminals, as Terraform and Git use them.
const (
	green, red, yellow, bold, plain = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"
)

func (p printer) line(colour, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.colour && colour != "" {
		text = colour + text + plain
	}
	fmt.Fprintln(p.out, text)
}

var signs = map[plan.Action]string{plan.Create: "+", plan.Update: "~", plan.Delete: "-"}

var colours = map[string]string{"+": green, "-": red, "~": yellow, "-/+": yellow}

// print writes what happens to one resource.
func (p printer) print(r result) {
	sign := signs[r.action]
	if r.preview.CleanUp != nil {
		sign = "-/+"
	}
	switch {
	case len(r.refusals()) > 0:
		p.line(bold, "%s: refused", r.resource)
	case r.isRetained:
		p.line(bold, "%s: leaves the stack, and its role stays (DeletionPolicy: Retain)", r.resource)
	case sign == "":
		p.line(bold, "%s: no changes", r.resource)
	default:
		p.line(bold, "%s %s: %s", sign, r.resource, r.preview.Role.ARN)
	}
	for _, a := range r.assumed {
		p.line("", "    %s: known after deployment (%s)%s", a.Property, a.Of, standsFor(a.Assumed))
	}
	if r.isExample {
		p.line("", "    Derived names and Sids are examples, because they depend on the ID that the stack will get.")
	}
	for _, refusal := range r.unfound() {
		p.line(red, "  ! %s", refusal)
	}
	if len(r.refusals()) == 0 {
		p.changes(r.changes())
		if r.preview.CleanUp != nil {
			p.line("", "  After the update, the former role is deleted:")
			p.changes(r.preview.CleanUp.Changes())
		}
	}
	for _, warning := range r.warnings() {
		p.line(yellow, "  ! %s", warning)
	}
	p.findings(r.preview.Findings)
}

func standsFor(assumed string) string {
	if assumed == "" {
		return "; omitted from this plan"
	}
	return "; assumed to be " + assumed
}

func (p printer) changes(changes []plan.Change) {
	for _, c := range changes {
		sign := signs[c.Action]
		p.line(colours[sign], "  %s %s %s", sign, c.Kind, c.Name)
		for _, a := range c.Attributes {
			p.attribute(a)
		}
	}
}

// attribute prints a short value in one line, and others as a difference.
func (p printer) attribute(a plan.Attribute) {
	short := !strings.Contains(a.Before+a.After, "\n")
	switch {
	case short && a.Before == "":
		p.line(green, "      + %s: %s", a.Name, a.After)
	case short && a.After == "":
		p.line(red, "      - %s: %s", a.Name, a.Before)
	case short:
		p.line(yellow, "      ~ %s: %s -> %s", a.Name, a.Before, a.After)
	default:
		p.line("", "        %s:", a.Name)
		for _, line := range unified(a.Before, a.After) {
			p.line(colours[line[:1]], "          %s", line)
		}
	}
}

// unified returns the lines of a unified diff without the file names, and without the @@ line if one side is empty.
func unified(before, after string) []string {
	end := func(text string) []byte {
		if text == "" {
			return nil
		}
		return []byte(text + "\n")
	}
	lines := strings.Split(strings.TrimSuffix(string(diff.Diff("before", end(before), "after", end(after))), "\n"), "\n")
	// The names of both sides say nothing here.
	lines = lines[3:]
	if before == "" || after == "" {
		return lines[1:]
	}
	return lines
}

var bySeverity = map[findings.Severity]string{findings.Error: red, findings.Warning: yellow}

func (p printer) findings(all []findings.Finding) {
	for _, f := range all {
		p.line(bySeverity[f.Severity], "  %s", strings.ReplaceAll(f.String(), findings.WholeInLog, "the whole statement follows"))
		if f.Fix != "" {
			p.line("", "      %s", f.Fix)
		}
	}
}

// summary is the last line.
func (p printer) summary(results []result) {
	counts := map[plan.Action]int{}
	// Several resources may change one policy.
	seen := map[string]bool{}
	var refused, found int
	for _, r := range results {
		found += len(r.preview.Findings)
		if len(r.refusals()) > 0 {
			refused++
			continue
		}
		for _, c := range r.allChanges() {
			if one := string(c.Action) + c.Kind + c.Name; !seen[one] {
				seen[one] = true
				counts[c.Action]++
			}
		}
	}
	p.line(bold, "Plan: %d to create, %d to change, %d to delete. Findings: %d.", counts[plan.Create], counts[plan.Update],
		counts[plan.Delete], found)
	if refused > 0 {
		p.line(red, "Refused resources: %d. The deployment would fail, and CloudFormation would roll it back.", refused)
	}
}
