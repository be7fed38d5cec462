package web

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"throughline/internal/i18n"
	"throughline/views"
)

func TestAuditChanges(t *testing.T) {
	ctx := i18n.With(context.Background(), i18n.For("en"))
	for _, c := range []struct {
		name, before, after string
		want                []views.AuditChange
	}{
		{"nothing", "", "", nil},
		{"the same", `{"a":1}`, `{"a":1}`, nil},
		{"new", "", `{"role":"admin"}`, []views.AuditChange{{Path: "role", After: "admin"}}},
		{"gone", `{"role":"admin"}`, "null", []views.AuditChange{{Path: "role", Before: "admin"}}},
		{"changed", `{"a":{"b":1.50,"c":true}}`, `{"a":{"b":2,"c":true}}`, []views.AuditChange{{Path: "a.b", Before: "1.50", After: "2"}}},
		{"a list", `{"hours":["09:00-18:00"]}`, `{"hours":["09:00-13:00","14:00-18:00"]}`, []views.AuditChange{{Path: "hours", Before: "09:00-18:00", After: "09:00-13:00, 14:00-18:00"}}},
		{"a list of objects", `{"l":[{"a":1},{"a":2}]}`, `{"l":[{"a":1},{"a":3}]}`, []views.AuditChange{{Path: "l[2].a", Before: "2", After: "3"}}},
		{"yes and no", `{"on":false}`, `{"on":true}`, []views.AuditChange{{Path: "on", Before: "no", After: "yes"}}},
		{"null and empty", `{"a":null,"b":""}`, `{"a":"x","b":"y"}`, []views.AuditChange{{Path: "a", After: "x"}, {Path: "b", After: "y"}}},
		{"a text", `"a"`, `"b"`, []views.AuditChange{{Before: "a", After: "b"}}},
		{"not JSON", `{`, `{}`, []views.AuditChange{{Before: "{"}}},
	} {
		got := auditChanges(ctx, json.RawMessage(c.before), json.RawMessage(c.after))
		if !reflect.DeepEqual(got.Fields, c.want) || got.More != 0 {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	long := map[string]string{}
	for i := range maxChanges + 3 {
		long[strings.Repeat("k", i+1)] = strings.Repeat("я", maxChangeValue+1)
	}
	data, err := json.Marshal(long)
	if err != nil {
		t.Fatal(err)
	}
	got := auditChanges(ctx, nil, data)
	if len(got.Fields) != maxChanges || got.More != 3 || got.Fields[0].After != strings.Repeat("я", maxChangeValue)+"…" {
		t.Errorf("%d fields, %d more", len(got.Fields), got.More)
	}
}
