package tracker

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestElementsAndMembers(t *testing.T) {
	for _, text := range []string{
		`[]`, ` [ ] `, `[1]`, `[ 1 , -2.5e3,"a,]\"\\" ,null,true,{"a":[1,{"b":"}"}]},[[]]]`, `{"a":1}`, `"["`, `5`, `null`,
		`{}`, ` { "a" : 1 , "b\u0041\"" : [ 1 , 2 ] , "c":"{", "":null } `, `{"a":{"a":{"a":[]}},"b":false}`, `[{"a":"\\"}]`,
	} {
		checkScan(t, []byte(text))
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(`[1,{"a":"]"}]`))
	f.Add([]byte(`{"a\u0041":[1, 2 ]}`))
	f.Fuzz(checkScan)
}

// checkScan compares with the standard library.
func checkScan(t *testing.T, text []byte) {
	if text = clean(text); !json.Valid(text) {
		return
	}
	var list []json.RawMessage
	wantList := json.Unmarshal(text, &list) == nil && list != nil
	items, ok := elements(text)
	if ok != wantList || len(items) != len(list) {
		t.Fatalf("%s: %d elements (%v), want %d (%v)", text, len(items), ok, len(list), wantList)
	}
	for i := range items {
		if string(items[i]) != string(list[i]) {
			t.Errorf("%s: element %d is %s, want %s", text, i, items[i], list[i])
		}
	}
	var object map[string]json.RawMessage
	wantObject := json.Unmarshal(text, &object) == nil && object != nil
	got := map[string]json.RawMessage{}
	ok = members(text, func(name []byte, value json.RawMessage) { got[string(clean(name))] = value })
	if ok != wantObject || wantObject && !reflect.DeepEqual(got, object) {
		t.Errorf("%s: members %s (%v), want %s (%v)", text, got, ok, object, wantObject)
	}
}
