//! Callbacks of blocks that have ended: called, heard, stopped. What they say changes no status.

use baton_model::{BlockError, BlockRunKey, CallbackOn, CallbackRun, Command, Fence};

use crate::apply::Turn;

impl Turn<'_> {
    /// Notes what callbacks have said.
    pub(crate) fn callbacks_ended(
        &mut self,
        key: &BlockRunKey,
        fence: Fence,
        error: Option<&BlockError>,
    ) -> Result<(), String> {
        let position = self.position(key)?;
        match &mut self.run.blocks[position].callbacks {
            Some(callbacks) if callbacks.fence == fence && !callbacks.done => {
                callbacks.done = true;
                callbacks.error = error.cloned();
                self.changed[position] = true;
                Ok(())
            }
            _ => Err(format!("the callbacks of block `{key}` are not running")),
        }
    }

    /// Has the callbacks of an ended block run called.
    pub(crate) fn call_back(&mut self, position: usize, on: CallbackOn) {
        let fence = self.next_fence();
        let block = &mut self.run.blocks[position];
        block.callbacks = Some(CallbackRun {
            on,
            fence,
            done: false,
            error: None,
        });
        self.changed[position] = true;
        self.commands.push(Command::RunCallbacks {
            key: block.key.clone(),
            on,
            fence,
        });
    }

    /// Asks the callbacks under way to stop. What they answer is kept with the block run.
    pub(crate) fn stop_callbacks(&mut self) -> Result<(), String> {
        let before = self.commands.len();
        for block in &self.run.blocks {
            if let Some(callbacks) = block.callbacks.as_ref().filter(|one| !one.done) {
                self.commands.push(Command::StopAttempt {
                    key: block.key.clone(),
                    fence: callbacks.fence,
                });
            }
        }
        if self.commands.len() == before {
            return Err("the run is already being cancelled".to_owned());
        }
        Ok(())
    }
}
