package wire

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Query serves a service of the AWS query protocol, such as IAM and CloudFormation: the methods of a fake, by the names of
// the operations. See https://docs.aws.amazon.com/IAM/latest/APIReference/CommonParameters.html
func Query(service any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		operation := r.PostForm.Get("Action")
		out, err := call(r.Context(), service, operation, func(in any) error {
			return readQuery(r.PostForm, reflect.ValueOf(in).Elem(), "")
		})
		w.Header().Set("Content-Type", "text/xml")
		if err != nil {
			code, message := describe(err)
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>"+
				"<RequestId>r</RequestId></ErrorResponse>",
				escaped(code), escaped(message))
			return
		}
		var b strings.Builder
		writeXML(&b, operation+"Result", reflect.ValueOf(out))
		fmt.Fprintf(w, "<%[1]sResponse>%[2]s<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%[1]sResponse>", operation, b.String())
	})
}

// JSON serves a service of the protocol AWS JSON 1.1, such as KMS.
func JSON(service any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		out, err := call(r.Context(), service, operation, func(in any) error { return json.NewDecoder(r.Body).Decode(in) })
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if err != nil {
			code, message := describe(err)
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
			return
		}
		_ = json.NewEncoder(w).Encode(plain(reflect.ValueOf(out)))
	})
}

// Buckets is what S3 serves.
type Buckets interface {
	GetBucketPolicy(context.Context, *s3.GetBucketPolicyInput, ...func(*s3.Options)) (*s3.GetBucketPolicyOutput, error)
	PutBucketPolicy(context.Context, *s3.PutBucketPolicyInput, ...func(*s3.Options)) (*s3.PutBucketPolicyOutput, error)
	DeleteBucketPolicy(context.Context, *s3.DeleteBucketPolicyInput, ...func(*s3.Options)) (*s3.DeleteBucketPolicyOutput, error)
	GetBucketEncryption(context.Context, *s3.GetBucketEncryptionInput, ...func(*s3.Options)) (*s3.GetBucketEncryptionOutput, error)
	GetBucketRequestPayment(context.Context, *s3.GetBucketRequestPaymentInput, ...func(*s3.Options)) (*s3.GetBucketRequestPaymentOutput, error)
	GetBucketOwnershipControls(context.Context, *s3.GetBucketOwnershipControlsInput, ...func(*s3.Options)) (
		*s3.GetBucketOwnershipControlsOutput, error)
	GetPublicAccessBlock(context.Context, *s3.GetPublicAccessBlockInput, ...func(*s3.Options)) (*s3.GetPublicAccessBlockOutput, error)
}

// S3 serves the policies and the settings of buckets, addressed by path.
func S3(service Buckets) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bucket, owner := aws.String(strings.Trim(r.URL.Path, "/")), optional(r.Header.Get("X-Amz-Expected-Bucket-Owner"))
		about := *bucket != "" && r.URL.Query().Has("policy")
		var err error
		switch {
		case *bucket != "" && !about && r.Method == http.MethodGet:
			var text string
			if text, err = setting(r, service, bucket, owner); err == nil {
				_, _ = io.WriteString(w, text)
				return
			}
		case !about:
			err = unknown(r.Method + " " + r.URL.String())
		case r.Method == http.MethodGet:
			var out *s3.GetBucketPolicyOutput
			if out, err = service.GetBucketPolicy(r.Context(), &s3.GetBucketPolicyInput{Bucket: bucket, ExpectedBucketOwner: owner}); err == nil {
				_, _ = io.WriteString(w, *out.Policy)
				return
			}
		case r.Method == http.MethodPut:
			body, readErr := io.ReadAll(r.Body)
			if readErr != nil {
				http.Error(w, readErr.Error(), http.StatusBadRequest)
				return
			}
			_, err = service.PutBucketPolicy(r.Context(), &s3.PutBucketPolicyInput{Bucket: bucket, ExpectedBucketOwner: owner,
				Policy: aws.String(string(body))})
		case r.Method == http.MethodDelete:
			_, err = service.DeleteBucketPolicy(r.Context(), &s3.DeleteBucketPolicyInput{Bucket: bucket, ExpectedBucketOwner: owner})
		default:
			err = unknown(r.Method)
		}
		if err == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		code, message := describe(err)
		status := http.StatusBadRequest
		if strings.HasPrefix(code, "NoSuch") {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", escaped(code), escaped(message))
	})
}

// setting reads what else than its policy a bucket has.
func setting(r *http.Request, service Buckets, bucket, owner *string) (text string, err error) {
	query, ctx := r.URL.Query(), r.Context()
	switch {
	case query.Has("encryption"):
		out, err := service.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket, ExpectedBucketOwner: owner})
		if err != nil {
			return "", err
		}
		standard := out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault
		return fmt.Sprintf("<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>%s</SSEAlgorithm>"+
			"<KMSMasterKeyID>%s</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
			standard.SSEAlgorithm, escaped(aws.ToString(standard.KMSMasterKeyID))), nil
	case query.Has("requestPayment"):
		out, err := service.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: bucket, ExpectedBucketOwner: owner})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("<RequestPaymentConfiguration><Payer>%s</Payer></RequestPaymentConfiguration>", out.Payer), nil
	case query.Has("ownershipControls"):
		out, err := service.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: bucket, ExpectedBucketOwner: owner})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("<OwnershipControls><Rule><ObjectOwnership>%s</ObjectOwnership></Rule></OwnershipControls>",
			out.OwnershipControls.Rules[0].ObjectOwnership), nil
	case query.Has("publicAccessBlock"):
		out, err := service.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket, ExpectedBucketOwner: owner})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("<PublicAccessBlockConfiguration><BlockPublicPolicy>%t</BlockPublicPolicy></PublicAccessBlockConfiguration>",
			aws.ToBool(out.PublicAccessBlockConfiguration.BlockPublicPolicy)), nil
	}
	return "", unknown(r.Method + " " + r.URL.String())
}

// call calls the method with an operation's name, after read has filled its input.
func call(ctx context.Context, service any, operation string, read func(in any) error) (any, error) {
	method := reflect.ValueOf(service).MethodByName(operation)
	if !method.IsValid() || method.Type().NumIn() != 3 {
		return nil, unknown(operation)
	}
	in := reflect.New(method.Type().In(1).Elem())
	if err := read(in.Interface()); err != nil {
		return nil, err
	}
	out := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})
	err, _ := out[1].Interface().(error)
	return out[0].Interface(), err
}

func unknown(operation string) error {
	return &smithy.GenericAPIError{Code: "InvalidAction", Message: "the account has no operation " + operation}
}

func describe(err error) (code, message string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage()
	}
	return "InternalFailure", err.Error()
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// readQuery fills a structure from parameters such as Tags.member.1.Key.
func readQuery(form url.Values, to reflect.Value, prefix string) error {
	for n := range to.NumField() {
		field, name := to.Field(n), prefix+to.Type().Field(n).Name
		if field.Kind() == reflect.Slice {
			for k := 1; ; k++ {
				item, found := reflect.New(field.Type().Elem()).Elem(), false
				at := fmt.Sprintf("%s.member.%d", name, k)
				for key := range form {
					found = found || key == at || strings.HasPrefix(key, at+".")
				}
				if !found {
					break
				}
				if err := readValue(form, item, at); err != nil {
					return err
				}
				field.Set(reflect.Append(field, item))
			}
			continue
		}
		if err := readValue(form, field, name); err != nil {
			return err
		}
	}
	return nil
}

func readValue(form url.Values, to reflect.Value, name string) error {
	if to.Kind() == reflect.Struct {
		return readQuery(form, to, name+".")
	}
	if !form.Has(name) {
		return nil
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	if to.Kind() == reflect.String {
		to.SetString(form.Get(name))
		return nil
	}
	return json.Unmarshal([]byte(form.Get(name)), to.Addr().Interface())
}

// writeXML writes a value as an element, and nothing for what isn't there.
func writeXML(b *strings.Builder, name string, v reflect.Value) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	fmt.Fprintf(b, "<%s>", name)
	switch v.Kind() {
	case reflect.Struct:
		for n := range v.NumField() {
			if f := v.Type().Field(n); isPart(f) {
				writeXML(b, f.Name, v.Field(n))
			}
		}
	case reflect.Slice:
		for n := range v.Len() {
			writeXML(b, "member", v.Index(n))
		}
	default:
		b.WriteString(escaped(fmt.Sprint(v.Interface())))
	}
	fmt.Fprintf(b, "</%s>", name)
}

// plain returns a structure without the members that aren't set, which no service sends.
func plain(v reflect.Value) any {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return v.Interface()
	}
	members := map[string]any{}
	for n := range v.NumField() {
		if f := v.Type().Field(n); isPart(f) && !v.Field(n).IsZero() {
			members[f.Name] = plain(v.Field(n))
		}
	}
	return members
}

// isPart tells the members of an answer from what the SDK adds.
func isPart(f reflect.StructField) bool { return f.IsExported() && f.Name != "ResultMetadata" }

func escaped(s string) string {
	var b strings.Builder
	// A strings.Builder takes everything.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
