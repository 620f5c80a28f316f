// Package risk foretells which customers of a shop without contracts will stay
// away: logistic regression and gradient-boosted trees on earlier snapshots,
// beside the plain rules that they must beat, with reasons that add up.
//
// A snapshot is the customer summary as of a day and, for each customer, whether
// no purchase came in the window after it. Models learn from several snapshots
// and are judged on a later one, never on a random part of the rows: one
// customer is in several snapshots. Choose does all of that and returns a Score,
// which is a small value that saves to JSON.
package risk

// Name is the score's name in the models table.
const Name = "churn_risk"
