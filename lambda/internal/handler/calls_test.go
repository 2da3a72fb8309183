package handler

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"personalize-role/lambda/golden"
	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/provision"
)

// latency is how long a call takes, by a clock that stands still while anything works.
const latency = time.Second

// countingCloudFormation counts the questions whether an event is still wanted.
type countingCloudFormation struct {
	provision.CloudFormation
	asked atomic.Int32
}

func (c *countingCloudFormation) DescribeStackResource(ctx context.Context, in *cloudformation.DescribeStackResourceInput,
	o ...func(*cloudformation.Options)) (*cloudformation.DescribeStackResourceOutput, error) {
	c.asked.Add(1)
	time.Sleep(latency)
	return c.CloudFormation.DescribeStackResource(ctx, in, o...)
}

func (c *countingCloudFormation) DescribeStacks(ctx context.Context, in *cloudformation.DescribeStacksInput,
	o ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	c.asked.Add(1)
	time.Sleep(latency)
	return c.CloudFormation.DescribeStacks(ctx, in, o...)
}

// What every kind of event costs in calls, and nothing more. Calls that are made side by side take as long as one: the time that an event
// takes counts those that come one after the other.
func TestCalls(t *testing.T) {
	synctest.Test(t, writeAllCalls)
}

func writeAllCalls(t *testing.T) {
	var table strings.Builder
	fmt.Fprintln(&table, "| Event | Buckets | IAM reads | IAM writes | S3 reads | S3 writes | KMS reads | KMS writes | CloudFormation "+
		"| Together | In a row |")
	fmt.Fprintln(&table, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, buckets := range []int{0, 1, 10, 50} {
		writeCalls(t, &table, buckets)
	}
	golden.Check(t, "testdata/calls.md", table.String())
}

func writeCalls(t *testing.T, table *strings.Builder, buckets int) {
	r := newRig(t, awstest.NewFake(t))
	counting := &countingCloudFormation{CloudFormation: r.cfn}
	r.handler.Provisioner.CloudFormation = counting
	// What was observed doesn't grow old, however slow the machine is. Deadlines are by the real clock.
	clock := time.Now().Add(time.Hour)
	r.handler.Provisioner.Now = func() time.Time { return clock }
	r.world.SetHook(func(string) (error, error) {
		time.Sleep(latency)
		return nil, nil
	})
	names := func(count int) []string {
		all := []string{}
		for n := range count {
			all = append(all, fmt.Sprintf("data-%d", n))
		}
		return all
	}
	for _, name := range names(buckets + 1) {
		r.world.AddBucket(name, awstest.Bucket{Policy: strings.ReplaceAll(theirBucketPolicy, "training-data", name)})
	}
	id, before := "", props{"Buckets": names(buckets)}
	for _, step := range []struct {
		name    string
		request cfn.RequestType
		changes props
	}{
		{"Create", cfn.Create, nil},
		{"Update that changes nothing", cfn.Update, nil},
		{"Update of the role", cfn.Update, props{"Description": "changed", "MaxSessionDuration": "7200"}},
		{"Update of the trust", cfn.Update, props{"SourceRegions": []string{"eu-west-1", "eu-central-1"}}},
		{"Update that adds a bucket", cfn.Update, props{"Buckets": names(buckets + 1)}},
		{"Update that drops a bucket", cfn.Update, props{"Buckets": names(buckets)}},
		{"Update of every statement", cfn.Update, props{"Uses": []string{"DatasetImport", "BatchInference"}}},
		{"Update that adds a key", cfn.Update, props{"KmsKeyArns": []string{"{key}"}}},
		{"Delete", cfn.Delete, nil},
	} {
		now := maps.Clone(before)
		maps.Copy(now, step.changes)
		made := len(r.world.Calls())
		counting.asked.Store(0)
		began := time.Now()
		answer := r.deliver(step.request, id, now, before)
		if answer == nil || answer.Status != "SUCCESS" {
			t.Fatalf("%s, %d buckets: %+v", step.name, buckets, answer)
		}
		took := time.Since(began)
		id, before = answer.PhysicalResourceID, now
		counts := map[string]int{}
		for _, call := range r.world.Calls()[made:] {
			service, _, _ := strings.Cut(call, ":")
			kind := " reads"
			if isWrite(call) {
				kind = " writes"
			}
			counts[service+kind]++
		}
		together := int(counting.asked.Load())
		fmt.Fprintf(table, "| %s | %d |", step.name, buckets)
		for _, column := range []string{"iam reads", "iam writes", "s3 reads", "s3 writes", "kms reads", "kms writes"} {
			fmt.Fprintf(table, " %d |", counts[column])
			together += counts[column]
		}
		fmt.Fprintf(table, " %d | %d | %d |\n", counting.asked.Load(), together, took/latency+1)
	}
}
