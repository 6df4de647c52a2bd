// How the nodes of a group fare, as far as the answers of one of them tell.
import type { Cluster, Member } from "../api/types";

export type Fare = "away" | "behind" | "level";

/** A node says several times in a lease that it is there. One that has not for so long is away. */
const AWAY_S = 10;
/** A node that lacks what the group had so long ago is behind; a moment behind is each node that follows. */
const BEHIND_MS = 10_000;

/** What the last event of the group was, and when; the oldest first. */
let tips: { at: number; event: number }[] = [];

/** Remembers how far the group is. The last event that is known to be older than `BEHIND_MS`. */
function tipBefore(event: number, now: number): number {
  const last = tips[tips.length - 1];
  if (last && event < last.event) tips = [];
  if (last?.event !== event) tips.push({ at: now, event });
  while ((tips[1]?.at ?? now) <= now - BEHIND_MS) tips.shift();
  const first = tips[0];
  return first && first.at <= now - BEHIND_MS ? first.event : 0;
}

/** How each node fares. */
export function fares(group: Cluster, now = Date.now()): (Member & { fare: Fare })[] {
  const tip = tipBefore(group.tip_event, now);
  return group.members.map((member) => {
    const isOwn = member.node === group.node;
    const isBehind = isOwn ? group.behind_s * 1_000 > BEHIND_MS : member.last_event < tip;
    return { ...member, fare: !isOwn && member.seen_ago_s > AWAY_S ? "away" : isBehind ? "behind" : "level" };
  });
}
