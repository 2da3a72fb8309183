//go:build simulate

package access

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAgreesWithAnotherEvaluator compares decisions with those of an independent implementation of IAM's rules, for both identities.
func TestAgreesWithAnotherEvaluator(t *testing.T) {
	ask := startSimulator(t)
	decided, explained := map[string]int{}, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		for _, g := range rapid.SliceOfN(generator, casesOfCheck, casesOfCheck).Draw(t, "cases") {
			d := Decide(g.policies(t), g.request())
			want := ask(t, g)
			got := map[bool]string{true: "Allowed", false: "ImplicitlyDenied"}[d.Allowed == True]
			if d.Denied == True {
				got = "ExplicitlyDenied"
			}
			if d.Allowed == Maybe || d.Denied == Maybe {
				got = "unknown"
			}
			decided[want]++
			if got == want {
				continue
			}
			reason := g.difference(got)
			if reason == "" {
				t.Fatalf("%s, and the simulator says %s: %s", got, want, encode(g.simulation()))
			}
			explained[reason]++
		}
	})
	for _, outcome := range []string{"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"} {
		if decided[outcome] < 50 {
			t.Errorf("%d cases are %s, want at least 50, so that each outcome is compared", decided[outcome], outcome)
		}
	}
	t.Logf("decisions: %v; differences: %v", decided, explained)
}

// difference is the reason why the two may differ on a case; empty if they must not.
func (g generated) difference(got string) string {
	text := encode(g.simulation())
	has := func(key string) bool { return len(g.context[key]) > 0 }
	switch {
	case got == "unknown" && !has("aws:RequestedRegion") && strings.Contains(text, "${aws:RequestedRegion}"):
		return "a policy variable without a value in NotResource or a condition, of which AWS documents nothing"
	case got == "unknown" && strings.Contains(text, "ForAnyValue:") && strings.Contains(text, "IfExists"):
		return "ForAnyValue with IfExists on an absent key, of which AWS documents nothing"
	case strings.Contains(text, "2008-10-17") && strings.Contains(text, "${"):
		return "the simulator resolves variables in a policy of the older version, in which they are no variables"
	case has("aws:SourceIp") && strings.Contains(text, "0.0.0.0/0"):
		return "the simulator takes 0.0.0.0/0 for one address: shifting a number of 32 bits by 32 leaves it in JavaScript"
	case slices.Contains(g.context["aws:SourceIp"], "2001:db8::1") && strings.Contains(text, "NotIpAddress"):
		return "the simulator takes an IPv6 address for no different one than a single IPv4 address"
	case got == "ExplicitlyDenied" && !g.service && g.namesHalf():
		return "NotPrincipal names either the role or its account, and AWS has both in it; the simulator takes one for enough"
	}
	return ""
}

// namesHalf reports whether a NotPrincipal has the role or its account, and not both.
func (g generated) namesHalf() bool {
	return slices.ContainsFunc(g.policy["Statement"].([]jsonObject), func(s jsonObject) bool {
		names, _ := s["NotPrincipal"].(jsonObject)
		return names != nil && (names["AWS"] == roleARN || names["AWS"] == account)
	})
}

func (g generated) simulation() jsonObject {
	principal := "arn:aws:sts::" + account + ":assumed-role/PersonalizeRole-a/session"
	if g.service {
		principal = "personalize.amazonaws.com"
	}
	context := jsonObject{}
	for key, values := range g.context {
		context[key] = values[0]
		if slices.ContainsFunc(keys, func(k keyOfRequest) bool { return k.name == key && k.many }) {
			context[key] = values
		}
	}
	o := jsonObject{"principal": principal, "account": g.owner, "action": g.action, "resource": g.resource, "context": context,
		"identity": g.identity, "policy": g.policy}
	if g.boundary != nil {
		o["boundary"] = g.boundary
	}
	return o
}

// startSimulator starts the simulator that make installs, and returns a function that asks it.
func startSimulator(t *testing.T) func(*rapid.T, generated) string {
	dir, err := filepath.Abs("../../../.tools/simulate")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("node", "simulate.mjs")
	c.Dir, c.Stderr = dir, os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatalf("start the simulator in %s, which make .tools/simulate/complete installs: %v", dir, err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	answers := bufio.NewReader(out)
	return func(t *rapid.T, g generated) string {
		if _, err := io.WriteString(in, encode(g.simulation())+"\n"); err != nil {
			t.Fatal(err)
		}
		line, err := answers.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		return string(line[:len(line)-1])
	}
}
