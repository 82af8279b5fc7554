// What the page of a run says.

/** That it has completed; on a machine that is busy, how much longer it took than usual. */
export const COMPLETED = /^(Completed in|Took) /;
