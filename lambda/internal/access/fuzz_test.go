package access

import "testing"

// FuzzDecide looks for documents that aren't read or judged: a decision must come, the same one each time, and what denies must be denied.
func FuzzDecide(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}`, "s3:GetObject", object)
	f.Add(`{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":["123456789012"]},"NotAction":"s3:Put*","NotResource":"arn:aws:s3:::data/*",`+
		`"Condition":{"ForAnyValue:StringLikeIfExists":{"aws:TagKeys":["a*",true,1]}}}]}`, "s3:ListBucket", "arn:aws:s3:::data")
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"*",`+
		`"Resource":"${aws:username, 'a'}${*}${",`+
		`"Condition":{"IpAddress":{"aws:SourceIp":"::/0"},"DateLessThan":{"aws:CurrentTime":"x"}}}]}`, "*", "*")
	f.Fuzz(func(t *testing.T, text, action, resource string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		call := Call{Action: action, Resource: resource}
		for _, q := range []Request{personalize.AsRole(call), personalize.AsService(call)} {
			d, again := Decide(Policies{Resource: p}, q), Decide(Policies{Resource: p}, q)
			if d.Allowed != again.Allowed || d.Denied != again.Denied {
				t.Errorf("%+v and %+v", d, again)
			}
			if denials := p.Denials(q); d.Denied == True && d.Allowed != False || (d.Denied == False) != (len(denials) == 0) {
				t.Errorf("%+v, and the statements are %+v", d, denials)
			}
		}
	})
}
