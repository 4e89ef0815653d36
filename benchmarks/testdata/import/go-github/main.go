// The nearest call of go-github.
package main

import (
	"context"
	"fmt"

	"github.com/google/go-github/v88/github"
)

func main() {
	client, err := github.NewClient(github.WithAuthToken("secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	issue, _, err := client.Issues.Create(context.Background(), "octocat", "hello-world", &github.IssueRequest{
		Title: github.Ptr("Found a bug"), Body: github.Ptr("XKQPW"),
		Labels: &[]string{"bug"}, Assignee: github.Ptr("octocat"),
	})
	fmt.Println(issue, err)
}
