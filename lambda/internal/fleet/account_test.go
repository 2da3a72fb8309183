package fleet

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/fakeaws/wire"
	"personalize-role/lambda/internal/provision"
)

// member is an account of the organisation: one IAM, and in each Region a bucket that others have put a policy on.
type member struct {
	id      string
	account *fakeaws.Account
	cfn     *fakeaws.CloudFormation
	// iamRate refuses what IAM would throttle.
	iamRate *bucketOfTokens

	// mutex guards the fields below it.
	mutex sync.Mutex
	// denied has an administrator's rule refuse the first deployment, for one Region.
	denied           map[string]bool
	calls, throttled int
	// background are the executions that no caller waits for any more.
	background sync.WaitGroup
}

func newMember(n int, regions []string) *member {
	id := fmt.Sprintf("%012d", 100000000000+n)
	m := &member{id: id, account: fakeaws.New(id), cfn: &fakeaws.CloudFormation{}, iamRate: newBucketOfTokens(iamPerSecond, iamBurst),
		denied: map[string]bool{}}
	for _, region := range regions {
		name := bucketIn(m.id, region)
		m.account.S3.AddBucket(name, "", "", `{"Version":"2012-10-17","Statement":[{"Sid":"TLSOnly","Effect":"Deny","Principal":"*",`+
			`"Action":"s3:*",`+
			`"Resource":"arn:aws:s3:::`+name+`/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)
	}
	return m
}

// allow takes the administrator's rules away.
func (m *member) allow() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	clear(m.denied)
}

func bucketIn(account, region string) string { return "data-" + account + "-" + region }

// What an account is like. IAM publishes no rate; this one is lower than what accounts report.
const (
	iamPerSecond = 15
	iamBurst     = 25
	shortestCall = 20 * time.Millisecond
	longestCall  = 120 * time.Millisecond
)

// bucketOfTokens lets so many calls a second through, and a burst.
type bucketOfTokens struct {
	mutex       sync.Mutex
	perSecond   float64
	burst, left float64
	last        time.Time
}

func newBucketOfTokens(perSecond, burst float64) *bucketOfTokens {
	return &bucketOfTokens{perSecond: perSecond, burst: burst, left: burst, last: time.Now()}
}

func (b *bucketOfTokens) take() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	now := time.Now()
	b.left = min(b.burst, b.left+now.Sub(b.last).Seconds()*b.perSecond)
	b.last = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// process is one execution of the function, which may die.
type process struct {
	*member
	region string
	// dies is the number of the call at which it does; zero lets it live.
	dies int
	kill context.CancelFunc

	lock sync.Mutex
	made int
	dead bool
}

// call counts a call; false says that the process is dead.
func (p *process) call() bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.made++
	if p.dies > 0 && p.made >= p.dies && !p.dead {
		p.dead = true
		p.kill()
	}
	return !p.dead
}

func (p *process) isDead() bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.dead
}

// clients are the SDK's own, with its retries, on the account's services.
func (p *process) clients() provision.Clients {
	cfg := func(service string, h http.Handler) aws.Config {
		return aws.Config{
			Region: p.region, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), Retryer: provision.Retryer,
			HTTPClient: smithyhttp.ClientDoFunc(func(r *http.Request) (*http.Response, error) { return p.do(service, h, r) }),
			APIOptions: []func(*middleware.Stack) error{provision.LimitCalls()},
		}
	}
	return provision.Clients{
		IAM:            iam.NewFromConfig(cfg("iam", wire.Query(p.account.IAM))),
		S3:             s3.NewFromConfig(cfg("s3", wire.S3(p.account.S3)), func(o *s3.Options) { o.UsePathStyle = true }),
		KMS:            kms.NewFromConfig(cfg("kms", wire.JSON(p.account.KMS))),
		CloudFormation: cloudformation.NewFromConfig(cfg("cloudformation", wire.Query(p.cfn))),
	}
}

func (p *process) do(service string, h http.Handler, r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(shortestCall + rand.N(longestCall-shortestCall)):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if !p.call() {
		return nil, context.Canceled
	}
	p.mutex.Lock()
	p.calls++
	p.mutex.Unlock()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	if service == "iam" {
		if refusal := p.refuse(string(body)); refusal != "" {
			return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(refusal))}, nil
		}
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// refuse returns IAM's refusal of a call, if there is one.
func (p *process) refuse(body string) string {
	refusal := func(code string) string {
		return "<ErrorResponse><Error><Type>Sender</Type><Code>" + code +
			"</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>"
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if !p.iamRate.take() {
		p.throttled++
		return refusal("Throttling")
	}
	if p.denied[p.region] && strings.Contains(body, "Action=CreatePolicy&") {
		return refusal("AccessDenied")
	}
	return ""
}
