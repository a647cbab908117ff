//! Deployments on their way, and the number of tasks that each app is to have.

use stacklab_machine::timeline::What;
use stacklab_machine::{Time, uuid_v4};

use super::{Marathon, Out};
use crate::app::App;
use crate::deployment::{Deployment, Restart, Verb};

impl Marathon {
    /// Begins a deployment of one app; returns its id. Deployments that lock the app are to be looked for before.
    pub(crate) fn deploy(
        &mut self,
        now: Time,
        app: &str,
        before: Option<App>,
        verbs: &[Verb],
        out: &mut Out,
    ) -> String {
        let id = uuid_v4(&mut self.ids);
        out.note(What::DeploymentStarted { deployment: id.clone(), apps: vec![app.to_owned()] });
        self.deployments.push(Deployment::new(id.clone(), now, app, before, verbs));
        self.settle(now, out);
        id
    }

    /// Ends deployments of an app before they are done.
    pub(crate) fn cancel(&mut self, app: &str, out: &mut Out) {
        self.deployments.retain(|deployment| {
            let cancelled = deployment.app == app;
            if cancelled {
                out.note(What::DeploymentFinished { deployment: deployment.id.clone(), success: false });
            }
            !cancelled
        });
    }

    /// Ids of the deployments that lock an app.
    pub(crate) fn locks(&self, app: &str) -> Vec<String> {
        let locking = self.deployments.iter().filter(|deployment| deployment.app == app);
        locking.map(|deployment| deployment.id.clone()).collect()
    }

    /// Brings the queue, the tasks and the deployments in line with what is wanted.
    pub(crate) fn settle(&mut self, now: Time, out: &mut Out) {
        let mut index = 0;
        while index < self.deployments.len() {
            while self.work_on(index, now, out) {
                self.deployments[index].at += 1;
            }
            if self.deployments[index].at >= self.deployments[index].steps.len() {
                let deployment = self.deployments.remove(index);
                self.pages.remove(&deployment.app);
                out.note(What::DeploymentFinished { deployment: deployment.id, success: true });
            } else {
                index += 1;
            }
        }
        let free = |app: &String| !self.deployments.iter().any(|deployment| deployment.app == *app);
        let mut apps: Vec<_> = self.apps.keys().filter(|app| free(app)).cloned().collect();
        // Tasks of apps that are gone: a forced deployment may have left them.
        apps.extend(self.tasks.values().map(|task| &task.app).filter(|app| free(app)).cloned());
        for app in apps {
            let wanted = self.apps.get(&app).map_or(0, |stored| stored.app.instances);
            self.scale(&app, wanted, now, out);
        }
        let known = &self.apps;
        self.queue.retain(|app, _| known.contains_key(app));
    }

    /// Works on a deployment's step at hand; true if that is done.
    fn work_on(&mut self, index: usize, now: Time, out: &mut Out) -> bool {
        let deployment = &self.deployments[index];
        let Some(action) = deployment.steps.get(deployment.at) else { return false };
        let (verb, app) = (action.verb, action.app.clone());
        let instances = self.apps.get(&app).map_or(0, |stored| stored.app.instances);
        match verb {
            Verb::Start => true,
            Verb::Scale => {
                self.scale(&app, instances, now, out);
                let ready = self.tasks_of(&app).filter(|task| task.is_ready()).count();
                ready >= instances as usize && self.tasks_of(&app).count() <= instances as usize
            }
            Verb::Stop => {
                self.scale(&app, 0, now, out);
                self.tasks_of(&app).next().is_none()
            }
            Verb::Restart => self.restart(index, &app, now, out),
        }
    }

    /// Queues what is missing, and kills what is too much, the latest first.
    fn scale(&mut self, app: &str, wanted: u32, now: Time, out: &mut Out) {
        let total = self.tasks_of(app).count();
        self.set_queue(app, (wanted as usize).saturating_sub(total), now, out);
        let mut alive: Vec<_> = self
            .tasks_of(app)
            .filter(|task| !task.is_killed())
            .map(|task| (task.started_at, task.id.clone()))
            .collect();
        let excess = alive.len().saturating_sub(wanted as usize);
        if excess > 0 {
            // A task that has not started yet is later than all that have.
            alive.sort_by_key(|(started, id)| (started.is_none(), *started, id.clone()));
            for (_, id) in alive.split_off(alive.len() - excess) {
                self.kill(&id, now, out);
            }
        }
    }

    /// Rolls an app over to its current version; true if that is done.
    fn restart(&mut self, index: usize, app: &str, now: Time, out: &mut Out) -> bool {
        let Some(stored) = self.apps.get(app) else { return true };
        let (instances, upgrade, since) =
            (stored.app.instances, stored.app.upgrade, stored.last_config_change);
        let at = self.deployments[index].at;
        let mut restart = match self.deployments[index].steps[at].restart.take() {
            Some(restart) => restart,
            None => {
                let old = self.tasks_of(app).filter(|task| task.version < since && task.is_running()).count();
                Restart::new(instances, upgrade, old)
            }
        };
        let new = self.tasks_of(app).filter(|task| task.version >= since);
        restart.ready.extend(new.filter(|task| task.is_ready()).map(|task| task.id.clone()));
        let (mut old, mut doomed, mut fresh, mut ready) = (Vec::new(), 0, 0, 0);
        for task in self.tasks_of(app) {
            if task.version >= since {
                fresh += 1;
                ready += usize::from(task.is_ready());
            } else if task.is_killed() {
                doomed += 1;
            } else {
                old.push((task.health() != Some(false), task.id.clone()));
            }
        }
        let total = fresh + doomed + old.len();
        let wanted = (instances as usize).saturating_sub(fresh);
        self.set_queue(app, wanted.min(restart.capacity.saturating_sub(total)), now, out);
        // Old tasks may go as new ones get ready, those that are not well first; all, when nothing new is missing.
        old.sort();
        let paid = restart.killed_at_once + restart.ready.len();
        let may_go =
            if ready >= instances as usize { old.len() } else { paid.saturating_sub(restart.killed) };
        let leaving: Vec<_> = old.iter().take(may_go).map(|(_, id)| id.clone()).collect();
        restart.killed += leaving.len();
        for id in &leaving {
            self.kill(id, now, out);
        }
        let none_old = old.is_empty() && doomed == 0;
        self.deployments[index].steps[at].restart = Some(restart);
        ready >= instances as usize && none_old
    }

    fn set_queue(&mut self, app: &str, count: usize, now: Time, out: &mut Out) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let before = self.queue.get(app).copied().unwrap_or(0);
        if count == 0 {
            self.queue.remove(app);
        } else if count != before {
            self.queue.insert(app.to_owned(), count);
        }
        if count > before {
            self.want_offers(now, out);
        }
    }
}
