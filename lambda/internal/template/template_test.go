package template

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var pseudo = map[string]string{"AWS::Region": "eu-west-1", "AWS::Partition": "aws", "AWS::AccountId": "123456789012"}

const parameters = `
Parameters:
  Text: {Type: String, Default: given, AllowedValues: [given, other]}
  Open: {Type: String}
  List: {Type: CommaDelimitedList, Default: 'a, b', AllowedValues: [a, b, c]}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /name}
Mappings: {M: {eu-west-1: {Key: [x, y]}}}
Conditions:
  "Yes": !Equals [!Ref Text, given]
  "No": !Not [!Condition "Yes"]
  Unsure: !Equals [!Ref Open, a]
  Both: !And [!Condition Unsure, !Condition "No"]
  Either: !Or [!Condition Unsure, !Condition "Yes"]
  Neither: !Or [!Condition Unsure, !Condition "No"]
  Self: !Not [!Condition Self]
Resources:
  Named: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Sub '${Text}-data'}}
  Free: {Type: 'AWS::S3::Bucket'}
  Circle: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Sub '${Circle}'}}
  Value: {Type: T, Properties: `

// What a template says of a value, as CloudFormation evaluates it, or what it depends on.
func TestValues(t *testing.T) {
	unknown := func(of string) Unknown { return Unknown{of} }
	for _, c := range []struct {
		given string
		want  any
	}{
		{"text", "text"},
		{"1", "1"},
		{"true", "true"},
		{"0010", "0010"},
		{"null", nil},
		{"[a, !Ref Text, !Ref AWS::NoValue]", []any{"a", "given"}},
		{"{A: null, B: !Ref AWS::NoValue, C: c}", map[string]any{"C": "c"}},
		{"!Ref Text", "given"},
		{"{Ref: Text}", "given"},
		{"!Ref List", []any{"a", "b"}},
		{"!Ref Open", unknown("parameter Open")},
		{"!Ref Stored", unknown("parameter Stored")},
		{"!Ref AWS::Region", "eu-west-1"},
		{"!Ref AWS::StackId", unknown("AWS::StackId")},
		{"!Ref Named", "given-data"},
		{"!Ref Free", unknown("Free")},
		{"!Ref Circle", unknown("Circle")},
		{"!GetAtt Named.Arn", "arn:aws:s3:::given-data"},
		{"{'Fn::GetAtt': [Free, Arn]}", unknown("Free.Arn")},
		{"!Sub 'a ${Text} ${AWS::Region} ${!Text} ${Named} ${Named.Arn}'", "a given eu-west-1 ${Text} given-data arn:aws:s3:::given-data"},
		{"!Sub ['${V}-${Text}', {V: !Ref AWS::Partition}]", "aws-given"},
		{"!Sub 'a ${Open}'", unknown("parameter Open")},
		{"!Sub 'a ${List}'", unknown("Fn::Sub")},
		{"!Sub 'a ${Text'", unknown("Fn::Sub")},
		{"!Join [',', [a, !Ref Text]]", "a,given"},
		{"!Join [',', !Ref List]", "a,b"},
		{"!Join [',', [a, !Ref Open]]", unknown("parameter Open")},
		{"!Split [',', 'a,b']", []any{"a", "b"}},
		{"!Split [',', !Ref Open]", unknown("parameter Open")},
		{"!Select [1, !Ref List]", "b"},
		{"!Select [2, !Ref List]", unknown("Fn::Select")},
		{"!FindInMap [M, !Ref AWS::Region, Key]", []any{"x", "y"}},
		{"!FindInMap [M, !Ref Open, Key]", unknown("parameter Open")},
		{"!FindInMap [M, us-east-1, Key]", unknown("Fn::FindInMap")},
		{"!ImportValue role", unknown("export role")},
		{"!GetAZs ''", unknown("Fn::GetAZs")},
		{"!If ['Yes', a, b]", "a"},
		{"!If ['No', a, !Ref Text]", "given"},
		{"!If [Unsure, a, b]", unknown("condition Unsure")},
		{"!If [Both, a, b]", "b"},
		{"!If [Either, a, b]", "a"},
		{"!If [Neither, a, b]", unknown("condition Neither")},
		{"!If [Self, a, b]", unknown("condition Self")},
		{"!If [Missing, a, b]", unknown("condition Missing")},
		{"&a [x, y]", []any{"x", "y"}},
	} {
		parsed, err := Parse([]byte(parameters + c.given + "}\n"))
		if err != nil {
			t.Fatalf("%s: %v", c.given, err)
		}
		r, err := parsed.Resolve(nil, pseudo)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, r.Value(parsed.Resources["Value"].Properties)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.given, diff)
		}
	}
}

func TestGivenParameters(t *testing.T) {
	parsed, err := Parse([]byte(parameters + "!Ref Text}\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := parsed.Resolve(map[string]string{"Text": "other", "List": "c,a"}, pseudo)
	if err != nil || r.Value(parsed.Resources["Value"].Properties) != "other" {
		t.Errorf("got %v, %v", r, err)
	}
	if _, err := parsed.Resolve(map[string]string{"Text": "wrong"}, pseudo); err == nil ||
		err.Error() != `parameter Text has "wrong", and must be one of given, other` {
		t.Errorf("got %v", err)
	}
	if _, err := parsed.Resolve(map[string]string{"Txt": ""}, pseudo); err == nil ||
		err.Error() != "the template has no parameter Txt. It has List, Open, Stored, Text" {
		t.Errorf("got %v", err)
	}
}

func TestNoTemplates(t *testing.T) {
	for _, text := range []string{"", "a", "[]", "{}", "Resources: a"} {
		if _, err := Parse([]byte(text)); !errors.Is(err, ErrNoTemplate) {
			t.Errorf("%q: got %v", text, err)
		}
	}
	for _, text := range []string{"Resources: {A: 1, A: 2}", "Resources: &a [*a]", "Resources: [", "\t- a"} {
		if _, err := Parse([]byte(text)); err == nil || errors.Is(err, ErrNoTemplate) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// Whatever a document says, reading it ends, and so does evaluating it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(parameters + "!Sub ['${A}', {A: !If [Self, !Ref Named, !GetAtt Free.Arn]}]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := Parse(text)
		if err != nil {
			return
		}
		r, err := parsed.Resolve(nil, pseudo)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range parsed.IDs {
			r.Made(id)
			r.Value(parsed.Resources[id].Properties)
		}
	})
}
