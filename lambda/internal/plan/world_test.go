package plan

import (
	"encoding/json"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

var identity = servicerole.Identity{
	Partition: "aws", Region: "eu-west-1", AccountID: "123456789012",
	StackID: "arn:aws:cloudformation:eu-west-1:123456789012:stack/app/guid", LogicalID: "Role",
}

// desire returns what properties, written as JSON, ask for.
func desire(t interface{ Fatal(...any) }, text string) servicerole.Desired {
	p, err := properties.Parse(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	d, err := servicerole.New(identity, p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const typical = `{"RoleName":"R","Buckets":["data"],"Tags":[{"Key":"team","Value":"ml"}]}`

// made is what exists once desired was made.
func made(d servicerole.Desired) servicerole.Observed {
	o := empty()
	todo, err := converge(d, o)
	if err != nil {
		panic(err)
	}
	return todo.After(o)
}

const (
	keyOne = "arn:aws:kms:eu-west-1:123456789012:key/1"
	keyTwo = "arn:aws:kms:eu-west-1:123456789012:key/2"
)

// foreign is a policy that others wrote.
const foreign = `{"Version":"2008-10-17","Id":"theirs","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}`

// empty is an account with buckets and keys that have policies of others, or none.
func empty() servicerole.Observed {
	present := func(policy string) servicerole.ObservedShared {
		return servicerole.ObservedShared{Presence: servicerole.Present, Policy: policy}
	}
	return servicerole.Observed{
		Buckets: map[string]servicerole.ObservedShared{"data": present(""), "one": present(""), "two": present(foreign),
			"three": present(foreign)},
		Keys: map[string]servicerole.ObservedShared{keyOne: present(foreign), keyTwo: present(foreign)},
	}
}

const (
	full  = "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"
	cloud = "arn:aws:iam::aws:policy/CloudWatchFullAccess"
)

// converge returns the plan, and its refusals as an error.
func converge(d servicerole.Desired, o servicerole.Observed) (Plan, error) {
	p := Converge(d, o)
	if r := p.Refused(false); r != nil {
		return p, r
	}
	return p, nil
}

func destroy(r servicerole.Removal, o servicerole.Observed) (Plan, error) {
	p := Destroy(r, o)
	if r := p.Refused(false); r != nil {
		return p, r
	}
	return p, nil
}
