//! Side by side: each lane does its own work in order, lanes do not wait for each other.

use std::sync::atomic::{AtomicBool, Ordering};

/// Does the work of each lane in order, all lanes at a time. After a failure nothing further begins; what has begun goes
/// on to its end. Gives what failed, in no particular order.
pub(crate) fn run<W: Sync, E: Send>(lanes: &[Vec<W>], work: impl Fn(&W) -> Result<(), E> + Sync) -> Vec<E> {
    let has_failed = AtomicBool::new(false);
    let run_lane = |lane: &[W]| {
        for piece in lane {
            if has_failed.load(Ordering::Acquire) {
                break;
            }
            work(piece).inspect_err(|_| has_failed.store(true, Ordering::Release))?;
        }
        Ok(())
    };
    let run_lane = &run_lane;
    std::thread::scope(|scope| {
        let running: Vec<_> = lanes.iter().map(|lane| scope.spawn(move || run_lane(lane))).collect();
        let ended =
            running.into_iter().map(|lane| lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ended.filter_map(Result::err).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::run;
    use std::sync::{Barrier, Mutex};

    #[test]
    fn lanes_go_side_by_side_and_each_in_order() {
        // Each waits for the other: run one after the other they would deadlock.
        let meet = Barrier::new(2);
        let done = Mutex::new(Vec::new());
        let failed = run(&[vec!["a1", "a2"], vec!["b1", "b2"]], |name| {
            meet.wait();
            done.lock().unwrap().push(*name);
            Ok::<(), ()>(())
        });
        assert_eq!(failed, []);
        let done = done.into_inner().unwrap();
        let of = |lane: char| done.iter().filter(|name| name.starts_with(lane)).copied().collect::<Vec<_>>();
        assert_eq!((of('a'), of('b')), (vec!["a1", "a2"], vec!["b1", "b2"]));
    }

    #[test]
    fn after_a_failure_nothing_begins_and_what_has_begun_ends() {
        let both_begun = Barrier::new(2);
        let (tell, told) = std::sync::mpsc::channel();
        let told = Mutex::new(told);
        let done = Mutex::new(Vec::new());
        let failed = run(&[vec!["fails", "never"], vec!["slow", "never"]], |name| {
            match *name {
                "fails" => {
                    both_begun.wait();
                    // Dropped by nobody: the other lane hears of it and takes its time.
                    tell.send(()).unwrap();
                    return Err(*name);
                }
                "slow" => {
                    both_begun.wait();
                    told.lock().unwrap().recv().unwrap();
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
                _ => {}
            }
            done.lock().unwrap().push(*name);
            Ok(())
        });
        assert_eq!(failed, ["fails"]);
        assert_eq!(done.into_inner().unwrap(), ["slow"]);
    }

    #[test]
    fn every_failure_is_told() {
        let meet = Barrier::new(2);
        let mut failed = run(&[vec![1], vec![2]], |number| {
            meet.wait();
            Err(*number)
        });
        failed.sort_unstable();
        assert_eq!(failed, [1, 2]);
    }
}
