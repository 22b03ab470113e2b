package journal

import (
	"slices"
	"strings"
)

// State is where a run stands.
type State string

const (
	// Queued runs wait for a worker.
	Queued State = "queued"
	// Running runs have a worker.
	Running State = "running"
	// Waiting runs have a worker that waits for something (see Run.WaitingFor).
	Waiting State = "waiting"
	// Succeeded runs have done their work.
	Succeeded State = "succeeded"
	// Failed runs ended with an error.
	Failed State = "failed"
	// Cancelled runs were ended by a person.
	Cancelled State = "cancelled"
	// Interrupted runs lost their worker and are not run again.
	Interrupted State = "interrupted"
)

// transitions lists every change of state that may happen. A run that is
// running or waiting becomes running again when another worker takes it over.
var transitions = map[State][]State{
	Queued:      {Running, Cancelled},
	Running:     {Running, Waiting, Succeeded, Failed, Cancelled, Interrupted},
	Waiting:     {Running, Succeeded, Failed, Cancelled, Interrupted},
	Succeeded:   nil,
	Failed:      nil,
	Cancelled:   nil,
	Interrupted: nil,
}

// Ended reports whether the state is final: no event and no change follows.
func (s State) Ended() bool {
	next, known := transitions[s]
	return known && len(next) == 0
}

// Valid reports whether s is one of the seven states.
func (s State) Valid() bool {
	_, known := transitions[s]
	return known
}

// CanBecome reports whether the transition table allows the change.
func (s State) CanBecome(next State) bool { return slices.Contains(transitions[s], next) }

// sources returns, as a SQL list, the states from which next may be reached.
// Every UPDATE of a state compares with it.
func sources(next State) string {
	var from []string
	for s := range transitions {
		if s.CanBecome(next) {
			from = append(from, "'"+string(s)+"'")
		}
	}
	slices.Sort(from)
	return "(" + strings.Join(from, ", ") + ")"
}

// WaitReason says what a waiting run waits for.
type WaitReason string

const (
	// ForApproval waits for a person's decision.
	ForApproval WaitReason = "approval"
	// ForInput waits for a person's answer.
	ForInput WaitReason = "input"
	// ForResource waits for a machine, a queue or a quota.
	ForResource WaitReason = "resource"
)
