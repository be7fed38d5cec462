package simulator

import "throughline/internal/delivery"

// doing is what somebody does to an issue.
type doing uint8

const (
	doCreate doing = iota
	doClone
	doStatus     // a: status, b: resolution (keepResolution: as it is), flag: how it is told
	doMove       // a: queue, b: status it is reset to or 0, flag hidden: the reset is not told
	doAssign     // a: steps to the next colleague
	doQA         // a: steps to the next colleague
	doPriority   // a: priority
	doPoints     // a: story points
	doComponents // a: component to add or take away
	doTags       // a: tag to add or take away
	doFollow     // a: person to add or take away
	doSprint     // a: sprint to add
	doDeadline   // a: day since 1970
	doSummary    // a: variant, text: given one
	doDescription
	doEstimate  // a: minutes
	doChecklist // a: items, b: done
	doCustom    // a: severity
	doVote      // adds, or removes the only one
	doComment   // a: remark
	doRemark    // edits the last comment
	doUncomment // removes the last comment
	doReact     // to the last comment; flag: takes it back
	doWork      // a: minutes
	doRework    // a: minutes, edits the last record
	doUnwork    // removes the last record
	doLink      // a: how many issues before this one the other is, b: link type
	doRelink    // b: link type
	doUnlink    //
	doRelated   // a linked issue was resolved
	doAttach    // a: file
	doDetach    //
	doType      // a: type
	doDelete    // not told in the changelog
	doRestore
)

// How a change of status is told.
const (
	plain     uint8 = iota
	asUpdate        // in an IssueUpdated
	backwards       // fields in another order
	hidden          // not at all
)

// keepResolution leaves the resolution of an issue as it is.
const keepResolution int32 = 255

// act is one thing done to an issue at an instant.
type act struct {
	at    delivery.Instant
	do    doing
	actor index
	flag  uint8
	a, b  int32
	text  string
}
