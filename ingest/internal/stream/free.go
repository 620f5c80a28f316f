package stream

// Free is a list of things to use again, for any number of goroutines. Unlike
// sync.Pool it is not emptied by the garbage collector, and what one goroutine
// put any other gets: readers fill buffers on one goroutine and release them on
// others, where a pool of each processor's own rarely has what is asked for.
// It holds no more than were ever in use at once.
type Free[T any] chan T

// MakeFree makes an empty list; of more than 64 things the rest is dropped.
func MakeFree[T any]() Free[T] { return make(Free[T], 64) }

// Get returns something from the list, or the zero value.
func (f Free[T]) Get() T {
	select {
	case v := <-f:
		return v
	default:
		var none T
		return none
	}
}

// Put gives something back.
func (f Free[T]) Put(v T) {
	select {
	case f <- v:
	default:
	}
}
