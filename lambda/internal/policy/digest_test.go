package policy

import "testing"

func TestDigest(t *testing.T) {
	const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a","b"],"Resource":"x"},{"Effect":"Deny",` +
		`"Action":"c","Resource":"*"}]}`
	if got := Digest(document); got != "wzgvat3yo6yz4syl3vsximfevu" {
		t.Errorf("got %s: it is kept on policies, and must be the same in every release", got)
	}
	for text, same := range map[string]bool{
		`{"Statement":[{"Action":"c","Effect":"Deny","Resource":"*"},{"Effect":"Allow","Resource":"x","Action":["b","a"]}], ` +
			`"Version":"2012-10-17"}`: true,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a","b"],"Resource":"y"},{"Effect":"Deny","Action":"c",` +
			`"Resource":"*"}]}`: false,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a"],"Resource":"x"},{"Effect":"Deny","Action":"c",` +
			`"Resource":"*"}]}`: false,
		"":         false,
		"not JSON": false,
	} {
		if got := Digest(text) == Digest(document); got != same {
			t.Errorf("%s: the same %v, want %v", text, got, same)
		}
	}
}
