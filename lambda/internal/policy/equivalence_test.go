package policy

import "testing"

func TestEquivalentPrincipals(t *testing.T) {
	const form = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*",`
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`"Principal":"*"`, `"Principal":"111122223333"`, false},
		{`"Principal":"*"`, `"Principal":{"AWS":"111122223333"}`, false},
		{`"Principal":"*"`, `"Principal":{"AWS":"*"}`, true},
		{`"Principal":"*"`, `"Principal":{"Service":"*"}`, false},
		{`"Principal":"*"`, `"NotPrincipal":"*"`, false},
		{`"Principal":{"AWS":"111122223333"}`, `"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`, true},
		{`"Principal":{"AWS":"111122223333"}`, `"Principal":{"AWS":"arn:aws:iam::111122223334:root"}`, false},
		{`"Principal":{"AWS":["111122223333","*"]}`, `"Principal":{"AWS":["*","arn:aws:iam::111122223333:root"]}`, true},
		{`"Principal":{"AWS":["111122223333","*"]}`, `"Principal":{"AWS":["111122223333","111122223333"]}`, false},
		{`"Principal":{"AWS":"x","Service":"y"}`, `"Principal":{"Service":["y"],"AWS":"x"}`, true},
		{`"Principal":{"AWS":"x"}`, `"Principal":{"Service":"x"}`, false},
		{`"NotPrincipal":{"AWS":"111122223333"}`, `"NotPrincipal":{"AWS":["arn:aws:iam::111122223333:root"]}`, true},
	} {
		if got := Equivalent(form+c.a+"}}", form+c.b+"}}"); got != c.same {
			t.Errorf("%s and %s: got %v, want %v", c.a, c.b, got, c.same)
		}
	}
	if !Equivalent(`{"Statement":{"Effect":"Allow","Action":"S3:getobject"}}`,
		`{"Statement":[{"Effect":"Allow","Action":["s3:GetObject"]}]}`) {
		t.Error("actions ignore case")
	}
}
