package access

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// instances are how many ways to fill in what is open are tried of each case.
const instances = 20

// TestWhatIsCertainHolds leaves things about a request open. What is certain nevertheless must be so whatever they are.
func TestWhatIsCertainHolds(t *testing.T) {
	certainly, open := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := generator.Draw(t, "case")
		p, vague := g.policies(t), g.request()
		options := map[string][]Value{}
		for _, key := range keys {
			name := strings.ToLower(key.name)
			var values []Value
			for _, text := range key.request {
				values = append(values, Text(text))
			}
			switch rapid.IntRange(0, 5).Draw(t, "what is known of "+key.name) {
			case 0:
				vague.Contexts[0][name], options[name] = Unknown(), append(values, Absent())
			case 1:
				vague.Contexts[0][name], options[name] = AnyOf(values...), values
			case 2:
				vague.Contexts[0][name] = Like(key.request[0][:1] + "*")
				options[name] = slices.DeleteFunc(values, func(v Value) bool { return v.options[0].texts[0][0] != rune(key.request[0][0]) })
			}
		}
		objects := []string{vague.Resource}
		if strings.Contains(g.resource, "/") && g.resource != dataKey && rapid.Bool().Draw(t, "any object") {
			vague.Resource, objects = "arn:aws:s3:::data/in/*", []string{"arn:aws:s3:::data/in/", object, "arn:aws:s3:::data/in/b/c"}
		}
		d := Decide(p, vague)
		if d.Allowed == Maybe || d.Denied == Maybe {
			open++
		} else {
			certainly++
		}
		if d.Allowed == Maybe && len(d.On) == 0 {
			t.Fatalf("it is unknown whether the request is allowed, and not on what it depends")
		}
		for range instances {
			r := vague
			r.Resource, r.Contexts = rapid.SampledFrom(objects).Draw(t, "object"), []Context{maps.Clone(vague.Contexts[0])}
			for _, name := range slices.Sorted(maps.Keys(options)) {
				r.Contexts[0][name] = rapid.SampledFrom(options[name]).Draw(t, name)
			}
			is := Decide(p, r)
			if !agree(d.Allowed, is.Allowed) || !agree(d.Denied, is.Denied) {
				t.Fatalf("allowed is %v and denied %v, and with %v about %s they are %v and %v", d.Allowed, d.Denied, r.Contexts[0], r.Resource,
					is.Allowed, is.Denied)
			}
		}
	})
	if certainly == 0 || open == 0 {
		t.Errorf("%d cases are certain and %d open, want both", certainly, open)
	}
}

// agree reports whether what is said without knowing everything agrees with what is said with more known.
func agree(said, is Truth) bool { return said == Maybe || said == is }
