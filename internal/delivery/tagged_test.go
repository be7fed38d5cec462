package delivery_test

import (
	"encoding/json"
	"slices"
	"testing"

	"throughline/internal/delivery"
)

func TestBlocksTag(t *testing.T) {
	for tag, want := range map[string]bool{
		"blocked": true, "Blocked": true, "blocked-by-vendor": true, "status:on_hold": true, "onHold": true, "impediment": true,
		"need-info": true, "NEEDINFO": true, "Заблокировано": true, "ожидание ответа": true, "приостановлена": true, "блок": true,
		"blockchain": false, "blocker": false, "adblock": false, "household": false, "info": false, "need": false, "": false, "#": false,
		"блокнот": false, "неожиданно": false,
	} {
		if got := delivery.BlocksTag(tag); got != want {
			t.Errorf("%q blocks: %t", tag, got)
		}
	}
}

func TestTaggedOf(t *testing.T) {
	created, issue := day("2026-03-01"), &delivery.Issue{CreatedAt: day("2026-03-01"), Tags: []string{"blocked", "ui"}}
	first := tagging(day("2026-03-03"), []string{"blocked"}, []string{"ui"})
	second := tagging(day("2026-03-05"), []string{"ui"}, []string{"ui", "on-hold", "blocked"})
	third := tagging(day("2026-03-07"), []string{"ui", "on-hold", "blocked"}, []string{"ui", "blocked"})
	first.ID, second.ID, third.ID = "1", "2", "3"
	whole := []delivery.TagStay{
		{Tag: "blocked", Start: created, End: day("2026-03-03")},
		{Tag: "on-hold", Start: day("2026-03-05"), End: day("2026-03-07")},
		{Tag: "blocked", Start: day("2026-03-05")},
	}
	broken := delivery.Event{At: day("2026-03-04"), Fields: []delivery.FieldChange{{Field: "tags", From: json.RawMessage(`"(90000 bytes, not kept)"`), To: json.RawMessage(`[]`)}}}
	other := delivery.Event{At: day("2026-03-02"), Fields: []delivery.FieldChange{{Field: "summary", To: json.RawMessage(`"blocked"`)}}}
	early := tagging(day("2026-02-01"), nil, []string{"blocked"})
	for _, c := range []struct {
		name   string
		full   bool
		events []delivery.Event
		want   []delivery.TagStay
	}{
		{"all of it", true, []delivery.Event{first, second, third}, whole},
		{"in any order, and twice", true, []delivery.Event{third, first, second, first, third}, whole},
		{"what cannot be read, and what is of no tag", true, []delivery.Event{broken, first, other, second, third}, whole},
		{"never changed", true, []delivery.Event{other}, []delivery.TagStay{{Tag: "blocked", Start: created}}},
		{"not the full changelog", false, []delivery.Event{first, second, third}, nil},
		{"before it was created", true, []delivery.Event{early}, []delivery.TagStay{{Tag: "blocked", Start: created}}},
		{"put on and taken off at once", true, []delivery.Event{tagging(day("2026-03-02"), nil, []string{"hold"}), tagging(day("2026-03-02"), []string{"hold"}, nil)}, nil},
	} {
		got := delivery.TaggedOf(issue, c.full, c.events)
		same(t, c.name, got, c.want)
		text, err := delivery.EncodeTagged(got)
		if err != nil {
			t.Fatal(err)
		}
		read, err := delivery.DecodeTagged(text)
		same(t, c.name+", stored", read, c.want)
		if err != nil || text == "" != (len(c.want) == 0) {
			t.Errorf("%s: stored as %q, %v", c.name, text, err)
		}
	}
	for _, bad := range []string{"[", `[["a",1]]`, `[[1,1,1]]`, `[["a","b",1]]`} {
		if stays, err := delivery.DecodeTagged(bad); err == nil {
			t.Errorf("%s is read as %v", bad, stays)
		}
	}
}

func TestDecodeTagChanges(t *testing.T) {
	e := tagging(day("2026-03-02"), nil, []string{"hold"})
	e.Fields = append(e.Fields, delivery.FieldChange{Field: "priority", To: json.RawMessage(`"tags"`)})
	fields, err := delivery.EncodeFields(&e)
	if err != nil {
		t.Fatal(err)
	}
	var read delivery.Event
	if err := delivery.DecodeTagChanges(fields, &read); err != nil || !slices.EqualFunc(read.Fields, e.Fields[:1], func(a, b delivery.FieldChange) bool {
		return a.Field == b.Field && string(a.To) == string(b.To)
	}) {
		t.Errorf("read as %v, %v", read.Fields, err)
	}
	var none delivery.Event
	if err := delivery.DecodeTagChanges(`[{"field":"summary"}]`, &none); err != nil || none.Fields != nil {
		t.Errorf("of no tag: %v, %v", none.Fields, err)
	}
	if err := delivery.DecodeTagChanges(`["tags"`, &none); err == nil {
		t.Error("broken fields are read")
	}
}
