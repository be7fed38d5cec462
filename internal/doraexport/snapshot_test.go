package doraexport

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestReadSnapshot(t *testing.T) {
	got, err := ReadSnapshot(strings.NewReader(`# HELP github_deployments_duration The last deployments duration
# TYPE github_deployments_duration gauge
github_deployments_duration{environment="production",repo="shop",status="success",team="Core"} 12.5
# TYPE github_deployments_duration_sum gauge
github_deployments_duration_sum{environment="production",repo="shop",status="success",team="Core"} 1.8446744073709553e+10
github_deployments_duration_sum{environment="staging",repo="shop",status="success",team="Core"} -599
# TYPE github_deployments_total counter
github_deployments_total{environment="production",repo="shop",status="success",team="Core"} 7
github_deployments_total{environment="production",redeployment="false",repo="shop",status="success",team="Core"} 2 1772445600000
github_deployments_total{environment="production",redeployment="true",repo="shop",status="success",team="Core"} 1
go_goroutines 9
jira_incidents{project="PAY",team="a \"quoted\" \\ team"} 3
jira_incidents_duration_sum{project="PAY",team="Unknown"} NaN
`))
	if err != nil {
		t.Fatal(err)
	}
	core := func(environment, redeployment string) []string {
		return []string{"shop", environment, "Core", "success", redeployment}
	}
	want := []Sample{
		{"github_deployments_duration_sum", core("production", "false"), 0},
		{"github_deployments_duration_sum", core("staging", "false"), 0},
		{"github_deployments_total", core("production", "false"), 9},
		{"github_deployments_total", core("production", "true"), 1},
		{"jira_incidents", []string{"PAY", `a "quoted" \ team`}, 3},
		{"jira_incidents_duration_sum", []string{"PAY", "Unknown"}, 0},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateApprox(0, 0.01)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestReadSnapshotRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"labels":   {"# x\njira_incidents{project=PAY} 1", "line 2: the labels of jira_incidents cannot be read"},
		"no value": {`jira_incidents{project="PAY"}`, "line 1: jira_incidents has no value"},
		"value":    {`jira_incidents{project="PAY"} many`, "line 1: the value of jira_incidents is no number"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ReadSnapshot(strings.NewReader(c.text)); err == nil || err.Error() != c.want {
				t.Errorf("%v", err)
			}
		})
	}
}

func FuzzReadSnapshot(f *testing.F) {
	f.Add("jira_incidents{project=\"PAY\",team=\"\\\"\"} 1 2\n")
	f.Add("github_deployments_total 1\n}{")
	f.Fuzz(func(t *testing.T, text string) {
		samples, err := ReadSnapshot(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, s := range samples {
			family, ok := familyOf(s.Family)
			if !ok || len(s.Labels) != len(family.Labels) || s.Value < 0 {
				t.Errorf("%+v", s)
			}
			again, ok := sampleOf(series(&family, s.Labels))
			if !ok || cmp.Diff(again.Labels, validTexts(s.Labels)) != "" {
				t.Errorf("%q is read back as %q", s.Labels, again.Labels)
			}
		}
	})
}

func validTexts(texts []string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = strings.ToValidUTF8(s, "\ufffd")
	}
	return out
}
